# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-ssh(1): that of ssh.
complete -c passkey-ssh --wraps ssh
complete -c passkey-ssh -l enroll -d 'run passkey-enroll there, with a key or phone at hand'
complete -c passkey-ssh -l help -d 'print a short description'
complete -c passkey-ssh -l version -d 'print the version'
