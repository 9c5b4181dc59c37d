# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# What systemd finds beside the installed system's own units; sourced by the initramfs of
# tests/vm/image at each boot, when the disk is on /root. Nothing of it is written to the disk.
units=/root/run/systemd/system
mkdir -p $units

cat >$units/vm.target <<'END'
[Unit]
Description=The system as it boots, and then the checks
Requires=multi-user.target vm-life.service
After=multi-user.target
AllowIsolate=yes
END

cat >$units/vm-life.service <<'END'
[Unit]
Description=The checks of tests/vm/life
After=multi-user.target getty.target

[Service]
Type=oneshot
TimeoutStartSec=infinity
Environment=PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root
ExecStart=/bin/sh -c 'exec >/dev/ttyS1 2>&1; \
    python3 -u /run/vm/tests/vm/life_checks.py; \
    case $? in 3) systemctl --no-block reboot ;; *) systemctl -ff poweroff ;; esac'
END
