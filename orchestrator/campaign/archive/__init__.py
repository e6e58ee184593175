"""What a campaign keeps of its results, and what leaves it: index, one file of all, deposits."""
