# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkey-sftp(1): that of sftp.
complete -c passkey-sftp --wraps sftp
complete -c passkey-sftp -l help -d 'print a short description'
complete -c passkey-sftp -l version -d 'print the version'
