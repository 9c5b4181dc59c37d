# The virtual machine, and what runs in it; tests/integration has the pytest files that start it.
EXTRA_DIST += \
	tests/vm/booted.py \
	tests/vm/hidraw.py \
	tests/vm/probe.py \
	tests/vm/run \
	tests/vm/systemd_checks.py \
	tests/vm/units.sh
