"""Mutation: the code is broken in every small way there is; a test must notice each."""
