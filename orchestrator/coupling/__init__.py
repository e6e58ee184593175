"""Scripts of other people, coupled to the transport network."""
