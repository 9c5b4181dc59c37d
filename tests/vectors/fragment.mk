# Vectors for the relying party, one file for each case, and the programs that make and run them.
EXTRA_DIST += \
	tests/vectors/README.md \
	tests/vectors/generate.py \
	tests/vectors/maker \
	tests/vectors/mutate.py \
	tests/vectors/run.py \
	tests/vectors/text \
	tests/vectors/valid \
	tests/vectors/invalid
TESTS += tests/vectors/run.py tests/vectors/mutate.py
