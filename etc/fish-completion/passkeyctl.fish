# SPDX-License-Identifier: BSD-2-Clause
# fish completion for passkeyctl(1), and what those of passkeyd's other programs have in common.
# Commands and options are those of the program's own --help.

function __passkey_options -a program command
    set -l text ($program $command --help 2>/dev/null)
    set -l options (printf '%s\n' $text | sed -nE -e 's/^  -[a-z], /  /' \
        -e 's/^  (--[a-z-]+)( [A-Z]+)?  +/\1\t/p' \
        -e 's/^  (--[a-z-]+), (--[a-z-]+)  +(.*)/\1\t\3\n\2\t\3/p')
    if test (count $options) -eq 0
        printf '%s\n' $text | grep -oE -e '--[a-z-]+' | sort -u
        return
    end
    for line in $options
        # "list: every account's" is an option of list alone.
        set -l owner (string match -r '\t([a-z-]+):' -- $line)[2]
        if test -z "$command" -o -z "$owner" -o "$owner" = "$command"
            printf '%s\n' $line
        end
    end
end

function __passkey_commands
    passkeyctl --help 2>/dev/null | sed -nE 's/^  ([a-z][a-z-]+)( [^ ]+)*  +/\1\t/p'
end

function __passkey_names
    passkeyctl list --json 2>/dev/null | sed -n 's/},{/}\n{/gp;t;p' |
        sed -n 's/.*"name":"\([^"\\\\]*\)".*/\1/p'
end

function __passkey_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    switch $words[-1]
        case --uv
            printf '%s\n' required preferred discouraged
            return
        case --user
            __fish_complete_users
            return
        case --ticket-file --passphrase-file --config --socket
            __fish_complete_path $current
            return
        case --state-directory
            __fish_complete_directories $current
            return
        case --host
            __fish_print_hostnames
            return
        case --ssh
            pgrep -x -u (id -u) ssh
            return
        case --bits
            printf '%s\n' 2048 3072
            return
        case --rp --rp-id --name --timeout --lifetime --port
            return
    end
    if not string match -q '*passkeyctl' -- $words[1]
        __passkey_options $words[1]
        return
    end
    if test (count $words) -eq 1
        __passkey_commands
        __passkey_options $words[1]
        return
    end
    if not string match -q -- '-*' $current
        switch "$words[2]:"(count $words)
            case backup:2 restore:2
                __fish_complete_path $current
                return
            case import:2
                printf '%s\n' ssh pam-u2f sssd
                return
            case import:3
                __fish_complete_path $current
                return
            case api-key:2
                printf '%s\n' create list revoke
                return
            case rp-key:2
                printf '%s\n' list rotate import
                return
            case directory:2
                printf '%s\n' check migrate push pull
                return
            case directory:3
                __fish_complete_directories $current
                return
            case rp-key:3
                if test "$words[3]" = import
                    __fish_complete_path $current
                    return
                end
            case adopt:2 ticket:2
                __fish_complete_users
                return
            case show:2 rename:2 remove:2
                __passkey_names
                return
        end
    end
    __passkey_options $words[1] $words[2]
end

complete -c passkeyctl -f -a '(__passkey_complete)'
