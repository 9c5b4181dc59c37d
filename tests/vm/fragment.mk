# The virtual machine, and the scripts that run in it; pytest files in tests/integration start it.
EXTRA_DIST += \
	tests/vm/booted.py \
	tests/vm/conftest.py \
	tests/vm/console.py \
	tests/vm/first.sh \
	tests/vm/gateway_checks.py \
	tests/vm/hidraw.py \
	tests/vm/image \
	tests/vm/life \
	tests/vm/life_checks.py \
	tests/vm/life_packages.py \
	tests/vm/life_parts.py \
	tests/vm/life_sign_ins.py \
	tests/vm/phone.py \
	tests/vm/probe.py \
	tests/vm/run \
	tests/vm/seat_checks.py \
	tests/vm/systemd_checks.py \
	tests/vm/units.sh

# The life of the Debian packages in one of them: needs root, QEMU, and at the first time the network.
.PHONY: check-vm
check-vm:
	$(srcdir)/tests/vm/life --log . $(VM_OPTIONS)
