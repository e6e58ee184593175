"""Scripts of other people coupled to the transport network: what of them is the setup, and the run."""
