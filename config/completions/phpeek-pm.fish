# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_phpeek_pm_global_optspecs
    string join \n c/config= pid-file= watch php-fpm-profile= autotune-memory-threshold= dry-run skip-permission-setup skip-runtime-validation h/help V/version
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
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l php-fpm-profile -d 'Set PHP-FPM up for the memory and the processors there are: dev, light, medium, heavy or bursty' -r -f -a "dev\t''
light\t''
medium\t''
heavy\t''
bursty\t''"
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l autotune-memory-threshold -d 'The share of the memory that PHP-FPM is planned with, from 0 to 2; 0 is the profile\'s own' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l watch -d 'Reload whenever a file of the configuration changes'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l dry-run -d 'Check the configuration as a start would, and start nothing'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l skip-permission-setup -d 'Taken, and without effect: no permissions are set up here'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -l skip-runtime-validation -d 'Taken, and without effect: no other program is asked whether its configuration is sound'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -s V -l version -d 'Print version'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "serve" -d 'Start everything and supervise it until it ends or is told to stop (the default)'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "check-config" -d 'Check the configuration and report everything that is wrong with it'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "config" -d 'Show every value of the configuration that would act, and where it comes from; secrets are hidden'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "explain" -d 'Tell in which order processes start and what each waits for; of one process, why it is as it is'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "status" -d 'Show what a running supervisor is doing; the exit code is 0 when all is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "list" -d 'List the processes of a running supervisor; the exit code is 1 when one has failed or waits for its next run'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "start" -d 'Start a process of a running supervisor, and wait until it is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "stop" -d 'Stop a process of a running supervisor until somebody starts it again, and wait until it has stopped'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "restart" -d 'Restart processes of a running supervisor, as many instances at once as may be away, and wait until all are up'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "scale" -d 'Change how many instances of a process there are, and wait until it is so'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "signal" -d 'Send a signal to a process of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "reload" -d 'Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "reload-config" -d 'Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "plan" -d 'Show what a reload would do if the configuration were that of a file'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "schedule" -d 'List the schedules of a running supervisor, and pause, resume or trigger one'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "history" -d 'Show what jobs and oneshots of a running supervisor have done, the newest first'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "logs" -d 'Show the lines of processes that a running supervisor keeps, and with --follow those that come'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "events" -d 'Show what has happened to a running supervisor and its processes, and with --follow what happens'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "top" -d 'Show what the instances of a running supervisor use, the most first: live on a terminal, once elsewhere'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "telemetry" -d 'Show what became of the spans of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "trace" -d 'Draw, list and analyze traces in the terminal, as a picture or as a page'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "run" -d 'Supervise one program without a file: its streams, terminal and exit code are its own'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "demo" -d 'Run an embedded example for a few seconds and draw its traces'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "init" -d 'Write a first configuration, made from what lies in the working directory'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "import" -d 'Write what another supervisor reads as a configuration of this one'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "scaffold" -d 'Write the configuration of a kind of application, and what an image of it needs'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "example" -d 'Write one of the example configurations; without a name, list them'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "schema" -d 'Write the JSON schema of the configuration to standard output, for editors'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "version" -d 'Show the version'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "completions" -d 'Write a completion script to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "man" -d 'Write the man page of the program, or of one command, to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l pid-file -d 'Write the supervisor\'s pid here, and its status to FILE.status beside it' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l php-fpm-profile -d 'Set PHP-FPM up for the memory and the processors there are: dev, light, medium, heavy or bursty' -r -f -a "dev\t''
light\t''
medium\t''
heavy\t''
bursty\t''"
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l autotune-memory-threshold -d 'The share of the memory that PHP-FPM is planned with, from 0 to 2; 0 is the profile\'s own' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l watch -d 'Reload whenever a file of the configuration changes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l dry-run -d 'Check the configuration as a start would, and start nothing'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l skip-permission-setup -d 'Taken, and without effect: no permissions are set up here'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -l skip-runtime-validation -d 'Taken, and without effect: no other program is asked whether its configuration is sound'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -l host -d 'Look at this machine too: programs, interpreters, users, directories, certificates'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -l strict -d 'Let warnings fail the check'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -l json -d 'One JSON object instead of a report for people'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s q -l quiet -d 'Errors and the verdict alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand check-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand config" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand config" -l json -d 'One JSON array instead of a table'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand config" -l set -d 'Leave out what nobody has written'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand explain" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand explain" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand explain" -l json -d 'One JSON object instead of a text'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l pid-file -d 'Ask no socket: read the file that was given to `serve --pid-file`' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l wait -d 'Wait up to this many seconds until all is up; ends at once when it will not be' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -l json -d 'Print the snapshot as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand list" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand list" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand list" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand list" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand start" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand start" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand start" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand start" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand stop" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand stop" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand stop" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand stop" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand stop" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -l rolling -d 'One process after the other, those that others depend on first, and no further when one does not come up. Who knows how (`reload`) reloads itself'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scale" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scale" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scale" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scale" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scale" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand signal" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand signal" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand signal" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand signal" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -l file -d 'Read this file instead, now and from now on. The supervisor reads it' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -l file -d 'Read this file instead, now and from now on. The supervisor reads it' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -l wait -d 'Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand reload-config" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand plan" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand plan" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand plan" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand plan" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -f -a "list" -d 'List the processes that go by the clock: when each runs next, and how it ran last'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -f -a "trigger" -d 'Run a job now, and wait for its end'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -f -a "pause" -d 'Begin no job by the clock until the schedule is resumed; what runs goes on'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -f -a "resume" -d 'Begin jobs by the clock again; what was missed runs as schedule_catch_up says'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and not __fish_seen_subcommand_from list trigger pause resume help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from list" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from list" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from pause" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from pause" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from pause" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from resume" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from resume" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from resume" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the processes that go by the clock: when each runs next, and how it ran last'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "trigger" -d 'Run a job now, and wait for its end'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Begin no job by the clock until the schedule is resumed; what runs goes on'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Begin jobs by the clock again; what was missed runs as schedule_catch_up says'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -l since -d 'Only what began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -l spool -d 'Read this spool directory, and ask nobody' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -l errors -d 'Only what failed, did not run when it was to, or was restarted for a fault'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -l json -d 'Print the answer as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand history" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l process -d 'The same' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l tail -d 'How many of the lines that are kept' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l since -d 'Only lines from this time on: how long ago (90s, 5m, 1h30m), or a time of RFC 3339' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l grep -d 'Only lines that match this regular expression' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l level -d 'Only lines of this level and above' -r -f -a "all\t''
debug\t''
info\t''
warn\t''
error\t''"
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l stream -d 'Only lines of this stream; `file` are those of `logging.files`' -r -f -a "stdout\t''
stderr\t''
file\t''"
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -s f -l follow -d 'Go on with the lines that come'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -l json -d 'Print each line as a JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -l tail -d 'How many of those that are kept' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -l since -d 'Only events from this time on: how long ago (90s, 5m, 1h30m), or a time of RFC 3339' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -s f -l follow -d 'Go on with what happens'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -l json -d 'Print each event as a JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand events" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -l sort -d 'What comes first' -r -f -a "cpu\t'Who uses the most processor time'
memory\t'Who holds the most memory'
restarts\t'Who was restarted most often'
uptime\t'Who runs for the longest time'
name\t'By name'"
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -l interval -d 'Seconds between two looks' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -l once -d 'Look once; what is no terminal gets no more'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -l json -d 'Look once, and print it as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l socket -d 'The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l flush -d 'Send what is pending first, and wait up to 10 seconds for it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -l json -d 'Print the report as JSON'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand telemetry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -s f -l follow -d 'Show each trace when its root has ended, and until then each span as a line'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "last" -d 'Draw the newest trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "list" -d 'List traces, one line each, the newest first'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "show" -d 'Draw one trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "analyze" -d 'Say where the time of a start went'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "spool" -d 'Look into a spool directory (--spool DIR, or the configured one), and take spans out of it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and not __fish_seen_subcommand_from last list show analyze spool help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l start -d 'The newest start'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l restart -d 'The newest restart'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l shutdown -d 'The newest shutdown'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from last" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -s n -l limit -d 'Most traces to list' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -f -a "blame" -d 'List processes by the time that they took themselves, without what they waited for'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -f -a "critical-chain" -d 'Show the chain of processes that decided when the start was over'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -f -a "compare" -d 'Compare what each process took in two starts'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from analyze" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l file -d 'A file of OTLP JSON lines; `-` is standard input' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l spool -d 'The spool directory of a supervisor' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l socket -d 'The control socket of a running supervisor; the usual place when nothing is named' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l process -d 'Those alone that are about this process, or this instance of one' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l since -d 'Those alone that began within this time: 90s, 15m, 6h, 7d' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -s o -l output -d 'The file that a picture or a page goes to' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -s c -l config -d 'Configuration file; without it the documented places are searched' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l errors -d 'Those alone in which something failed'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l json -d 'OTLP JSON, one request a line; of an analysis one JSON object'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l svg -d 'A picture: one SVG file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l html -d 'A page with zoom and search: one HTML file, on standard output or in the file of --output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l no-color -d 'No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l events -d 'Each event on a line of its own, with time and attributes'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -l attributes -d 'All attributes of each span'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -f -a "list" -d 'List its segments: bytes, spans, how many wait for the receiver'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -f -a "verify" -d 'Check every record; the exit code is 1 when something is damaged'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -f -a "export" -d 'Write the spans that wait as OTLP JSON lines to standard output; they stay where they are'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -f -a "drop" -d 'Remove all segments. Refused while a supervisor uses the directory'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from spool" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "last" -d 'Draw the newest trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "list" -d 'List traces, one line each, the newest first'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "show" -d 'Draw one trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "analyze" -d 'Say where the time of a start went'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "spool" -d 'Look into a spool directory (--spool DIR, or the configured one), and take spans out of it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -l name -d 'What the program is called in records, in spans and by `status`; its file name when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -l restart -d 'Whether it is started again when it has ended: never, on-failure or always' -r -f -a "never\t''
on-failure\t''
always\t''"
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -l signal -d 'Hand another signal on in the place of this one, as in TERM:QUIT; TERM:0 leaves it out. More than once' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -l group -d 'Hand signals on to all that belongs to the program, and not to the program alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l seconds -d 'How long the example runs, in seconds' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l width -d 'How wide to draw, in columns; the terminal\'s width when left out' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -l ascii -d 'Draw with ASCII characters alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand demo" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand init" -s o -l output -d 'Where to write it; - is standard output' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand init" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand init" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand import" -s o -l output -d 'Where to write the configuration; what is there is not overwritten. Default: standard output' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand import" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand import" -l system -d 'Of a crontab: jobs name a user before the command, as in /etc/crontab. Else it is told from the file'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand import" -l user -d 'Of a crontab: jobs name no user, as in `crontab -l`'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -s o -l output -d 'The directory that the files go to; it is made when it is missing' -r -F
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l app-name -d 'Name of the application: of its service in traces, and of the compose project' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l queue-workers -d 'Instances of a queue\'s worker' -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -s i -l interactive -d 'Ask for each of the following'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l dockerfile -d 'Write a Dockerfile too, and the nginx.conf that it copies'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l docker-compose -d 'Write a docker-compose.yml too'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l nginx -d 'Write an nginx.conf too; before Node it also adds the process'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -l observability -d 'Switch tracing on, and show the traces in Jaeger beside it in docker-compose.yml'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand scaffold" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand example" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand example" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schema" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schema" -l api -d 'The management API instead, as an OpenAPI document'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand schema" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s s -l short -d 'The number alone'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand version" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand completions" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand completions" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand man" -s c -l config -r
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand man" -s h -l help -d 'Print help'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "serve" -d 'Start everything and supervise it until it ends or is told to stop (the default)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "check-config" -d 'Check the configuration and report everything that is wrong with it'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "config" -d 'Show every value of the configuration that would act, and where it comes from; secrets are hidden'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "explain" -d 'Tell in which order processes start and what each waits for; of one process, why it is as it is'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "status" -d 'Show what a running supervisor is doing; the exit code is 0 when all is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "list" -d 'List the processes of a running supervisor; the exit code is 1 when one has failed or waits for its next run'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "start" -d 'Start a process of a running supervisor, and wait until it is up'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "stop" -d 'Stop a process of a running supervisor until somebody starts it again, and wait until it has stopped'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "restart" -d 'Restart processes of a running supervisor, as many instances at once as may be away, and wait until all are up'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "scale" -d 'Change how many instances of a process there are, and wait until it is so'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "signal" -d 'Send a signal to a process of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "reload" -d 'Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "plan" -d 'Show what a reload would do if the configuration were that of a file'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "schedule" -d 'List the schedules of a running supervisor, and pause, resume or trigger one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "history" -d 'Show what jobs and oneshots of a running supervisor have done, the newest first'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "logs" -d 'Show the lines of processes that a running supervisor keeps, and with --follow those that come'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "events" -d 'Show what has happened to a running supervisor and its processes, and with --follow what happens'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "top" -d 'Show what the instances of a running supervisor use, the most first: live on a terminal, once elsewhere'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "telemetry" -d 'Show what became of the spans of a running supervisor'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "trace" -d 'Draw, list and analyze traces in the terminal, as a picture or as a page'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "run" -d 'Supervise one program without a file: its streams, terminal and exit code are its own'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "demo" -d 'Run an embedded example for a few seconds and draw its traces'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "init" -d 'Write a first configuration, made from what lies in the working directory'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "import" -d 'Write what another supervisor reads as a configuration of this one'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "scaffold" -d 'Write the configuration of a kind of application, and what an image of it needs'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "example" -d 'Write one of the example configurations; without a name, list them'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "schema" -d 'Write the JSON schema of the configuration to standard output, for editors'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "version" -d 'Show the version'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "completions" -d 'Write a completion script to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "man" -d 'Write the man page of the program, or of one command, to standard output'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and not __fish_seen_subcommand_from serve check-config config explain status list start stop restart scale signal reload plan schedule history logs events top telemetry trace run demo init import scaffold example schema version completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "list" -d 'List the processes that go by the clock: when each runs next, and how it ran last'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "trigger" -d 'Run a job now, and wait for its end'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "pause" -d 'Begin no job by the clock until the schedule is resumed; what runs goes on'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "resume" -d 'Begin jobs by the clock again; what was missed runs as schedule_catch_up says'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from trace" -f -a "last" -d 'Draw the newest trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from trace" -f -a "list" -d 'List traces, one line each, the newest first'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from trace" -f -a "show" -d 'Draw one trace'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from trace" -f -a "analyze" -d 'Say where the time of a start went'
complete -c phpeek-pm -n "__fish_phpeek_pm_using_subcommand help; and __fish_seen_subcommand_from trace" -f -a "spool" -d 'Look into a spool directory (--spool DIR, or the configured one), and take spans out of it'

# What only a supervisor that runs knows: the ids of its newest traces, and the names of its processes, behind the words that
# take one.
complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show blame critical-chain compare" -a "(phpeek-pm trace list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
for command in start stop restart scale signal logs history explain status
    complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand $command" -a "(phpeek-pm list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
end
complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger pause resume" -a "(phpeek-pm list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
