# Each folder of tests/ has a fragment of its own.
include tests/vectors/fragment.mk
EXTRA_DIST += scripts/prove doc/proofs.md \
	tests/proofs/prove.py tests/proofs/files tests/proofs/mutations.txt tests/proofs/prover.h \
	tests/proofs/sys/queue.h
