# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-scp(1): that of scp.
complete -c passkey-scp --wraps scp
complete -c passkey-scp -l help -d 'print a short description'
complete -c passkey-scp -l version -d 'print the version'
