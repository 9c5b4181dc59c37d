# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkeyd(8); the functions are in the file of passkeyctl.
source (status dirname)/passkeyctl.fish
complete -c passkeyd -f -a '(__passkey_complete)'
