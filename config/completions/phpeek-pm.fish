# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_phpeek_pm_global_optspecs
    string join \n c/config= pid-file= h/help V/version
end

function __fish_phpeek_pm_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_phpeek_pm_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_phpeek_pm_using_subcommand
    set -l cmd (__fish_phpeek_pm_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l pid-file -d 'Write the supervisor\'s pid here, and its status to FILE.status beside it' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -s V -l version -d 'Print version'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "serve" -d 'Start everything and supervise it until it ends or is told to stop (the default)'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "demo" -d 'Run an embedded example for a few seconds and draw its traces'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "check-config" -d 'Check the configuration and report everything that is wrong with it'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "status" -d 'Show what a running supervisor is doing; the exit code is 0 when all is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "telemetry" -d 'Show what became of the spans of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "version" -d 'Show the version'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "completions" -d 'Write a completion script to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "man" -d 'Write the man page to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l pid-file -d 'Write the supervisor\'s pid here, and its status to FILE.status beside it' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l seconds -d 'How long the example runs, in seconds' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -l strict -d 'Let warnings fail the check'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -l json -d 'One JSON object instead of a report for people'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s q -l quiet -d 'Errors and the verdict alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l pid-file -d 'Ask no socket: read the file that was given to `serve --pid-file`' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l wait -d 'Wait up to this many seconds until all is up' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l json -d 'Print the snapshot as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l flush -d 'Send what is pending first, and wait up to 10 seconds for it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l json -d 'Print the report as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s s -l short -d 'The number alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand completions" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand completions" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand man" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand man" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "serve" -d 'Start everything and supervise it until it ends or is told to stop (the default)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "demo" -d 'Run an embedded example for a few seconds and draw its traces'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "check-config" -d 'Check the configuration and report everything that is wrong with it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "status" -d 'Show what a running supervisor is doing; the exit code is 0 when all is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "telemetry" -d 'Show what became of the spans of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "version" -d 'Show the version'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "completions" -d 'Write a completion script to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "man" -d 'Write the man page to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve demo check-config status telemetry version completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
