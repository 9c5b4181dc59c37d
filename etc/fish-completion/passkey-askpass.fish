# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-askpass(1); the functions are in the file of passkeyctl.
source (status dirname)/passkeyctl.fish
complete -c passkey-askpass -f -a '(__passkey_complete)'
