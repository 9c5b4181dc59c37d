# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# What systemd finds in the virtual machine of run --systemd; sourced by its first script, when the
# machine's files are in /root. Nothing that this machine or a distribution starts at boot is wanted
# there; the units themselves stay, so that what is asked for starts as usual.
units=/root/run/systemd/system
mkdir -p $units

# systemd takes this file as the sign of a container, where it leaves out much.
rm -f /root/.dockerenv
rm -rf /root/etc/systemd/system /root/usr/lib/systemd/system/*.target.wants
rm -rf /root/usr/lib/systemd/system-generators /root/usr/lib/systemd/user-generators
for unit in modprobe@drm.service systemd-update-utmp.service; do
    ln -s /dev/null $units/$unit
done

cat >$units/vm.target <<'END'
[Unit]
Description=The command and what it needs
Requires=vm-command.service
Wants=dbus.socket systemd-journald.socket systemd-journald-dev-log.socket
Wants=systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-logind.service
END

cat >$units/vm-command.service <<'END'
[Unit]
Description=The command of tests/vm/run
After=dbus.socket systemd-logind.service systemd-udevd.service

[Service]
Type=oneshot
ExecStart=/bin/bash -c 'exec >/dev/console 2>&1; /bin/bash /run/vm-command; echo "vm: end $?"; \
    systemctl -ff poweroff'
END
