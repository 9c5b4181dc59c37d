# Each folder of tests/ has a fragment of its own.
include tests/vectors/fragment.mk
