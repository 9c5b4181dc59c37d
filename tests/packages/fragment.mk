# What looks at built packages: not part of make check, which has none.
EXTRA_DIST += \
	tests/packages/life \
	tests/packages/reproducible \
	tests/packages/rpm \
	tests/packages/run
