#compdef phpeek-pm

autoload -U is-at-least

_phpeek-pm() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--pid-file=[Write the supervisor'\''s pid here, and its status to FILE.status beside it]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_phpeek-pm_commands" \
"*::: :->phpeek-pm" \
&& ret=0
    case $state in
    (phpeek-pm)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'--pid-file=[Write the supervisor'\''s pid here, and its status to FILE.status beside it]:FILE:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--seconds=[How long the example runs, in seconds]:SECONDS:_default' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--ascii[Draw with ASCII characters alone]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(check-config)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--strict[Let warnings fail the check]' \
'--json[One JSON object instead of a report for people]' \
'-q[Errors and the verdict alone]' \
'--quiet[Errors and the verdict alone]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'(--pid-file)--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'--pid-file=[Ask no socket\: read the file that was given to \`serve --pid-file\`]:FILE:_files' \
'--wait=[Wait up to this many seconds until all is up]:SECONDS:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the snapshot as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(telemetry)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--flush[Send what is pending first, and wait up to 10 seconds for it]' \
'--json[Print the report as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(version)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-s[The number alone]' \
'--short[The number alone]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
':shell -- For which shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-help-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check-config)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(telemetry)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(version)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_phpeek-pm_commands] )) ||
_phpeek-pm_commands() {
    local commands; commands=(
'serve:Start everything and supervise it until it ends or is told to stop (the default)' \
'demo:Run an embedded example for a few seconds and draw its traces' \
'check-config:Check the configuration and report everything that is wrong with it' \
'status:Show what a running supervisor is doing; the exit code is 0 when all is up' \
'telemetry:Show what became of the spans of a running supervisor' \
'version:Show the version' \
'completions:Write a completion script to standard output' \
'man:Write the man page to standard output' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__check-config_commands] )) ||
_phpeek-pm__subcmd__check-config_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm check-config commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__completions_commands] )) ||
_phpeek-pm__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm completions commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__demo_commands] )) ||
_phpeek-pm__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm demo commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__help_commands() {
    local commands; commands=(
'serve:Start everything and supervise it until it ends or is told to stop (the default)' \
'demo:Run an embedded example for a few seconds and draw its traces' \
'check-config:Check the configuration and report everything that is wrong with it' \
'status:Show what a running supervisor is doing; the exit code is 0 when all is up' \
'telemetry:Show what became of the spans of a running supervisor' \
'version:Show the version' \
'completions:Write a completion script to standard output' \
'man:Write the man page to standard output' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__check-config_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__check-config_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help check-config commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__completions_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help completions commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__demo_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help demo commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__man_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help man commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__serve_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help serve commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__status_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help status commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__telemetry_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__telemetry_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help telemetry commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__version_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__version_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help version commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__man_commands] )) ||
_phpeek-pm__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm man commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__serve_commands] )) ||
_phpeek-pm__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm serve commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__status_commands] )) ||
_phpeek-pm__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm status commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__telemetry_commands] )) ||
_phpeek-pm__subcmd__telemetry_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm telemetry commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__version_commands] )) ||
_phpeek-pm__subcmd__version_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm version commands' commands "$@"
}

if [ "$funcstack[1]" = "_phpeek-pm" ]; then
    _phpeek-pm "$@"
else
    compdef _phpeek-pm phpeek-pm
fi
