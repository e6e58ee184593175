import { kind } from "./common.js";

const views = { board: "./board.js", run: "./run.js", campaign: "./campaign.js" };
const { show } = await import(views[kind]);
show();
