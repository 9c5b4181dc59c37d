# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-enroll(1); the functions are in the file of passkeyctl.
source (status dirname)/passkeyctl.fish
complete -c passkey-enroll -f -a '(__passkey_complete)'
