# The virtual machine, and the scripts that run in it; pytest files in tests/integration start it.
EXTRA_DIST += \
	tests/vm/booted.py \
	tests/vm/conftest.py \
	tests/vm/gateway_checks.py \
	tests/vm/hidraw.py \
	tests/vm/probe.py \
	tests/vm/run \
	tests/vm/seat_checks.py \
	tests/vm/systemd_checks.py \
	tests/vm/units.sh
