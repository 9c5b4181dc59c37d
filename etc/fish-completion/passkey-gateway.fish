# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-gateway(8); the functions are in the file of passkeyctl.
source (status dirname)/passkeyctl.fish
complete -c passkey-gateway -f -a '(__passkey_complete)'
