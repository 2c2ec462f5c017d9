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
'--php-fpm-profile=[Set PHP-FPM up for the memory and the processors there are\: dev, light, medium, heavy or bursty]:PROFILE:(dev light medium heavy bursty)' \
'--autotune-memory-threshold=[The share of the memory that PHP-FPM is planned with, from 0 to 2; 0 is the profile'\''s own]:SHARE:_default' \
'--watch[Reload whenever a file of the configuration changes]' \
'--dry-run[Check the configuration as a start would, and start nothing]' \
'--skip-permission-setup[Taken, and without effect\: no permissions are set up here]' \
'--skip-runtime-validation[Taken, and without effect\: no other program is asked whether its configuration is sound]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
'--php-fpm-profile=[Set PHP-FPM up for the memory and the processors there are\: dev, light, medium, heavy or bursty]:PROFILE:(dev light medium heavy bursty)' \
'--autotune-memory-threshold=[The share of the memory that PHP-FPM is planned with, from 0 to 2; 0 is the profile'\''s own]:SHARE:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--watch[Reload whenever a file of the configuration changes]' \
'--dry-run[Check the configuration as a start would, and start nothing]' \
'--skip-permission-setup[Taken, and without effect\: no permissions are set up here]' \
'--skip-runtime-validation[Taken, and without effect\: no other program is asked whether its configuration is sound]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(check-config)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--host[Look at this machine too\: programs, interpreters, users, directories, certificates]' \
'--strict[Let warnings fail the check]' \
'--json[One JSON object instead of a report for people]' \
'-q[Errors and the verdict alone]' \
'--quiet[Errors and the verdict alone]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(config)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[One JSON array instead of a table]' \
'--set[Leave out what nobody has written]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[One JSON object instead of a text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::name -- This process\: as it is in the supervisor that runs, and why; with --config, or where none runs, by the file:_default' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'(--pid-file)--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'--pid-file=[Ask no socket\: read the file that was given to \`serve --pid-file\`]:FILE:_files' \
'--wait=[Wait up to this many seconds until all is up; ends at once when it will not be]:SECONDS:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the snapshot as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::name -- Show this process alone, as the API has it; the exit code is 1 when there is none of that name:_default' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(start)
_arguments "${_arguments_options[@]}" : \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- The process:_default' \
&& ret=0
;;
(stop)
_arguments "${_arguments_options[@]}" : \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':name -- The process:_default' \
&& ret=0
;;
(restart)
_arguments "${_arguments_options[@]}" : \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--rolling[One process after the other, those that others depend on first, and no further when one does not come up. Who knows how (\`reload\`) reloads itself]' \
'--json[Print the answer as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::names -- The processes; with --rolling and without a name, all that run:_default' \
&& ret=0
;;
(scale)
_arguments "${_arguments_options[@]}" : \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':name -- The process:_default' \
':instances -- How many instances there are to be; +N or -N changes it by so many:_default' \
&& ret=0
;;
(signal)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':name -- The process:_default' \
':signal -- The signal\: SIGHUP, HUP or a number. It is sent to the leader of each instance:_default' \
&& ret=0
;;
(reload)
_arguments "${_arguments_options[@]}" : \
'--file=[Read this file instead, now and from now on. The supervisor reads it]:FILE:_files' \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(reload-config)
_arguments "${_arguments_options[@]}" : \
'--file=[Read this file instead, now and from now on. The supervisor reads it]:FILE:_files' \
'--wait=[Wait so many seconds at most until it is so; what was begun goes on. Default\: as long as it takes]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(plan)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':file -- The configuration to compare with what runs. The supervisor reads it:_files' \
&& ret=0
;;
(schedule)
_arguments "${_arguments_options[@]}" : \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
":: :_phpeek-pm__subcmd__schedule_commands" \
"*::: :->schedule" \
&& ret=0

    case $state in
    (schedule)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-schedule-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(trigger)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- The process:_default' \
&& ret=0
;;
(pause)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':name -- The process:_default' \
&& ret=0
;;
(resume)
_arguments "${_arguments_options[@]}" : \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':name -- The process:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__schedule__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-schedule-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(trigger)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pause)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(resume)
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
;;
(history)
_arguments "${_arguments_options[@]}" : \
'--since=[Only what began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'--spool=[Read this spool directory, and ask nobody]:DIR:_files' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Only what failed, did not run when it was to, or was restarted for a fault]' \
'--json[Print the answer as JSON]' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- The process; without it, all of them:_default' \
&& ret=0
;;
(logs)
_arguments "${_arguments_options[@]}" : \
'()--process=[The same]:NAME:_default' \
'--tail=[How many of the lines that are kept]:N:_default' \
'--since=[Only lines from this time on\: how long ago (90s, 5m, 1h30m), or a time of RFC 3339]:TIME:_default' \
'--grep=[Only lines that match this regular expression]:RE:_default' \
'--level=[Only lines of this level and above]:LEVEL:(all debug info warn error)' \
'--stream=[Only lines of this stream; \`file\` are those of \`logging.files\`]:STREAM:(stdout stderr file)' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-f[Go on with the lines that come]' \
'--follow[Go on with the lines that come]' \
'--json[Print each line as a JSON object]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::name -- The process; without it, all of them:_default' \
&& ret=0
;;
(events)
_arguments "${_arguments_options[@]}" : \
'--tail=[How many of those that are kept]:N:_default' \
'--since=[Only events from this time on\: how long ago (90s, 5m, 1h30m), or a time of RFC 3339]:TIME:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'-f[Go on with what happens]' \
'--follow[Go on with what happens]' \
'--json[Print each event as a JSON object]' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- The process; without it, everything:_default' \
&& ret=0
;;
(top)
_arguments "${_arguments_options[@]}" : \
'--sort=[What comes first]:SORT:((cpu\:"Who uses the most processor time"
memory\:"Who holds the most memory"
restarts\:"Who was restarted most often"
uptime\:"Who runs for the longest time"
name\:"By name"))' \
'--interval=[Seconds between two looks]:SECONDS:_default' \
'--socket=[The control socket; default\: \$PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found]:PATH:_files' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--once[Look once; what is no terminal gets no more]' \
'--json[Look once, and print it as JSON]' \
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
(trace)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'(--svg --html)-f[Show each trace when its root has ended, and until then each span as a line]' \
'(--svg --html)--follow[Show each trace when its root has ended, and until then each span as a line]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_phpeek-pm__subcmd__trace_commands" \
"*::: :->trace" \
&& ret=0

    case $state in
    (trace)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-command-$line[1]:"
        case $line[1] in
            (last)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--start[The newest start]' \
'--restart[The newest restart]' \
'--shutdown[The newest shutdown]' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'-n+[Most traces to list]:NUMBER:_default' \
'--limit=[Most traces to list]:NUMBER:_default' \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
':id -- Its id, or the beginning of it:_default' \
&& ret=0
;;
(analyze)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
":: :_phpeek-pm__subcmd__trace__subcmd__analyze_commands" \
"*::: :->analyze" \
&& ret=0

    case $state in
    (analyze)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-analyze-command-$line[1]:"
        case $line[1] in
            (blame)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
'::id -- The trace; the newest start when it is left out:_default' \
&& ret=0
;;
(critical-chain)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
'::id -- The trace; the newest start when it is left out:_default' \
&& ret=0
;;
(compare)
_arguments "${_arguments_options[@]}" : \
'--fail-over=[Exit with 1 when the start, or a process, takes over so much longer than before, such as 20%]:PERCENT:_default' \
'--ignore-under=[Differences of fewer milliseconds fail nothing\: they are noise]:MS:_default' \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
':before -- The start before\: a trace'\''s id, or a file of OTLP JSON lines whose newest start counts:_default' \
':after -- The start after:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-analyze-help-command-$line[1]:"
        case $line[1] in
            (blame)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(critical-chain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(compare)
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
;;
(spool)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
":: :_phpeek-pm__subcmd__trace__subcmd__spool_commands" \
"*::: :->spool" \
&& ret=0

    case $state in
    (spool)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-spool-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--all[Those that were delivered and are still there too]' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(drop)
_arguments "${_arguments_options[@]}" : \
'--file=[A file of OTLP JSON lines; \`-\` is standard input]:FILE:_files' \
'--spool=[The spool directory of a supervisor]:DIR:_files' \
'--socket=[The control socket of a running supervisor; the usual place when nothing is named]:PATH:_files' \
'--process=[Those alone that are about this process, or this instance of one]:NAME:_default' \
'--since=[Those alone that began within this time\: 90s, 15m, 6h, 7d]:TIME:_default' \
'-o+[The file that a picture or a page goes to]:FILE:_files' \
'--output=[The file that a picture or a page goes to]:FILE:_files' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[Configuration file; without it the documented places are searched]:FILE:_files' \
'--config=[Configuration file; without it the documented places are searched]:FILE:_files' \
'--yes[Do it; without this it only says what would go]' \
'--errors[Those alone in which something failed]' \
'(--svg --html)--json[OTLP JSON, one request a line; of an analysis one JSON object]' \
'(--html)--svg[A picture\: one SVG file, on standard output or in the file of --output]' \
'--html[A page with zoom and search\: one HTML file, on standard output or in the file of --output]' \
'--ascii[Draw with ASCII characters alone]' \
'--no-color[No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one]' \
'--events[Each event on a line of its own, with time and attributes]' \
'--attributes[All attributes of each span]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-spool-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(drop)
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
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__trace__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-help-command-$line[1]:"
        case $line[1] in
            (last)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(analyze)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze_commands" \
"*::: :->analyze" \
&& ret=0

    case $state in
    (analyze)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-help-analyze-command-$line[1]:"
        case $line[1] in
            (blame)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(critical-chain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(compare)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(spool)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool_commands" \
"*::: :->spool" \
&& ret=0

    case $state in
    (spool)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-trace-help-spool-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(drop)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
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
;;
(run)
_arguments "${_arguments_options[@]}" : \
'--name=[What the program is called in records, in spans and by \`status\`; its file name when left out]:NAME:_default' \
'--restart=[Whether it is started again when it has ended\: never, on-failure or always]:POLICY:(never on-failure always)' \
'*--signal=[Hand another signal on in the place of this one, as in TERM\:QUIT; TERM\:0 leaves it out. More than once]:SIGNAL:SIGNAL:_default' \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'--group[Hand signals on to all that belongs to the program, and not to the program alone]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::command -- The program and its arguments, behind `--`:_default' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--seconds=[How long the example runs, in seconds]:SECONDS:_default' \
'--width=[How wide to draw, in columns; the terminal'\''s width when left out]:WIDTH:_default' \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'--ascii[Draw with ASCII characters alone]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(init)
_arguments "${_arguments_options[@]}" : \
'-o+[Where to write it; - is standard output]:FILE:_files' \
'--output=[Where to write it; - is standard output]:FILE:_files' \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(import)
_arguments "${_arguments_options[@]}" : \
'-o+[Where to write the configuration; what is there is not overwritten. Default\: standard output]:FILE:_files' \
'--output=[Where to write the configuration; what is there is not overwritten. Default\: standard output]:FILE:_files' \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'(--user)--system[Of a crontab\: jobs name a user before the command, as in /etc/crontab. Else it is told from the file]' \
'--user[Of a crontab\: jobs name no user, as in \`crontab -l\`]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':kind -- What kind of file it is:((supervisord\:"supervisord.conf, with the files that it includes"
procfile\:"A Procfile of Heroku, foreman and their like"
crontab\:"A crontab, a user'\''s or the system'\''s"
pm2\:"PM2'\''s ecosystem file\: ecosystem.config.js as it is written, or JSON"
s6-overlay\:"A directory of s6-overlay, version 2 or 3"))' \
'::file -- The file, for s6-overlay the directory; - is standard input. Default\: the kind'\''s usual name here, or in /etc:_files' \
&& ret=0
;;
(scaffold)
_arguments "${_arguments_options[@]}" : \
'-o+[The directory that the files go to; it is made when it is missing]:DIR:_files' \
'--output=[The directory that the files go to; it is made when it is missing]:DIR:_files' \
'--app-name=[Name of the application\: of its service in traces, and of the compose project]:NAME:_default' \
'--queue-workers=[Instances of a queue'\''s worker]:N:_default' \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-i[Ask for each of the following]' \
'--interactive[Ask for each of the following]' \
'--dockerfile[Write a Dockerfile too, and the nginx.conf that it copies]' \
'--docker-compose[Write a docker-compose.yml too]' \
'--nginx[Write an nginx.conf too; before Node it also adds the process]' \
'--observability[Switch tracing on, and show the traces in Jaeger beside it in docker-compose.yml]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::preset -- Which kind of application; `phpeek-pm scaffold` lists them:_default' \
&& ret=0
;;
(example)
_arguments "${_arguments_options[@]}" : \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- Which; without it, all are listed:_default' \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'--api[The management API instead, as an OpenAPI document]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(version)
_arguments "${_arguments_options[@]}" : \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-s[The number alone]' \
'--short[The number alone]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
':shell -- For which shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'-c+[]:FILE:_default' \
'--config=[]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
'::command -- The command whose page it is; without it, the page of the program:_default' \
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
(check-config)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(config)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(start)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(stop)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(restart)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(scale)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(signal)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(reload)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(plan)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(schedule)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__help__subcmd__schedule_commands" \
"*::: :->schedule" \
&& ret=0

    case $state in
    (schedule)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-help-schedule-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(trigger)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pause)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(resume)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(history)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(logs)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(events)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(top)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(telemetry)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(trace)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__help__subcmd__trace_commands" \
"*::: :->trace" \
&& ret=0

    case $state in
    (trace)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-help-trace-command-$line[1]:"
        case $line[1] in
            (last)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(analyze)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze_commands" \
"*::: :->analyze" \
&& ret=0

    case $state in
    (analyze)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-help-trace-analyze-command-$line[1]:"
        case $line[1] in
            (blame)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(critical-chain)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(compare)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(spool)
_arguments "${_arguments_options[@]}" : \
":: :_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool_commands" \
"*::: :->spool" \
&& ret=0

    case $state in
    (spool)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:phpeek-pm-help-trace-spool-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(drop)
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
;;
(run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(init)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(import)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(scaffold)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(example)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(schema)
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
'check-config:Check the configuration and report everything that is wrong with it' \
'config:Show every value of the configuration that would act, and where it comes from; secrets are hidden' \
'explain:Tell in which order processes start and what each waits for; of one process, why it is as it is' \
'status:Show what a running supervisor is doing; the exit code is 0 when all is up' \
'list:List the processes of a running supervisor; the exit code is 1 when one has failed or waits for its next run' \
'start:Start a process of a running supervisor, and wait until it is up' \
'stop:Stop a process of a running supervisor until somebody starts it again, and wait until it has stopped' \
'restart:Restart processes of a running supervisor, as many instances at once as may be away, and wait until all are up' \
'scale:Change how many instances of a process there are, and wait until it is so' \
'signal:Send a signal to a process of a running supervisor' \
'reload:Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing' \
'reload-config:Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing' \
'plan:Show what a reload would do if the configuration were that of a file' \
'schedule:List the schedules of a running supervisor, and pause, resume or trigger one' \
'history:Show what jobs and oneshots of a running supervisor have done, the newest first' \
'logs:Show the lines of processes that a running supervisor keeps, and with --follow those that come' \
'events:Show what has happened to a running supervisor and its processes, and with --follow what happens' \
'top:Show what the instances of a running supervisor use, the most first\: live on a terminal, once elsewhere' \
'telemetry:Show what became of the spans of a running supervisor' \
'trace:Draw, list and analyze traces in the terminal, as a picture or as a page' \
'run:Supervise one program without a file\: its streams, terminal and exit code are its own' \
'demo:Run an embedded example for a few seconds and draw its traces' \
'init:Write a first configuration, made from what lies in the working directory' \
'import:Write what another supervisor reads as a configuration of this one' \
'scaffold:Write the configuration of a kind of application, and what an image of it needs' \
'example:Write one of the example configurations; without a name, list them' \
'schema:Write the JSON schema of the configuration to standard output, for editors' \
'version:Show the version' \
'completions:Write a completion script to standard output' \
'man:Write the man page of the program, or of one command, to standard output' \
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
(( $+functions[_phpeek-pm__subcmd__config_commands] )) ||
_phpeek-pm__subcmd__config_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm config commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__demo_commands] )) ||
_phpeek-pm__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm demo commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__events_commands] )) ||
_phpeek-pm__subcmd__events_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm events commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__example_commands] )) ||
_phpeek-pm__subcmd__example_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm example commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__explain_commands] )) ||
_phpeek-pm__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm explain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__help_commands() {
    local commands; commands=(
'serve:Start everything and supervise it until it ends or is told to stop (the default)' \
'check-config:Check the configuration and report everything that is wrong with it' \
'config:Show every value of the configuration that would act, and where it comes from; secrets are hidden' \
'explain:Tell in which order processes start and what each waits for; of one process, why it is as it is' \
'status:Show what a running supervisor is doing; the exit code is 0 when all is up' \
'list:List the processes of a running supervisor; the exit code is 1 when one has failed or waits for its next run' \
'start:Start a process of a running supervisor, and wait until it is up' \
'stop:Stop a process of a running supervisor until somebody starts it again, and wait until it has stopped' \
'restart:Restart processes of a running supervisor, as many instances at once as may be away, and wait until all are up' \
'scale:Change how many instances of a process there are, and wait until it is so' \
'signal:Send a signal to a process of a running supervisor' \
'reload:Have a running supervisor read its configuration again and do what has changed, as SIGHUP does; a faulty file changes nothing' \
'plan:Show what a reload would do if the configuration were that of a file' \
'schedule:List the schedules of a running supervisor, and pause, resume or trigger one' \
'history:Show what jobs and oneshots of a running supervisor have done, the newest first' \
'logs:Show the lines of processes that a running supervisor keeps, and with --follow those that come' \
'events:Show what has happened to a running supervisor and its processes, and with --follow what happens' \
'top:Show what the instances of a running supervisor use, the most first\: live on a terminal, once elsewhere' \
'telemetry:Show what became of the spans of a running supervisor' \
'trace:Draw, list and analyze traces in the terminal, as a picture or as a page' \
'run:Supervise one program without a file\: its streams, terminal and exit code are its own' \
'demo:Run an embedded example for a few seconds and draw its traces' \
'init:Write a first configuration, made from what lies in the working directory' \
'import:Write what another supervisor reads as a configuration of this one' \
'scaffold:Write the configuration of a kind of application, and what an image of it needs' \
'example:Write one of the example configurations; without a name, list them' \
'schema:Write the JSON schema of the configuration to standard output, for editors' \
'version:Show the version' \
'completions:Write a completion script to standard output' \
'man:Write the man page of the program, or of one command, to standard output' \
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
(( $+functions[_phpeek-pm__subcmd__help__subcmd__config_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__config_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help config commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__demo_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help demo commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__events_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__events_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help events commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__example_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__example_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help example commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__explain_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help explain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__history_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__history_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help history commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__import_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__import_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help import commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__init_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help init commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__logs_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__logs_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help logs commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__man_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help man commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__plan_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__plan_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help plan commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__reload_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__reload_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help reload commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__restart_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__restart_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help restart commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__run_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help run commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__scaffold_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__scaffold_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help scaffold commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__scale_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__scale_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help scale commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schedule_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schedule_commands() {
    local commands; commands=(
'list:List the processes that go by the clock\: when each runs next, and how it ran last' \
'trigger:Run a job now, and wait for its end' \
'pause:Begin no job by the clock until the schedule is resumed; what runs goes on' \
'resume:Begin jobs by the clock again; what was missed runs as schedule_catch_up says' \
    )
    _describe -t commands 'phpeek-pm help schedule commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help schedule list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__pause_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__pause_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help schedule pause commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__resume_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__resume_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help schedule resume commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__trigger_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schedule__subcmd__trigger_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help schedule trigger commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__schema_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help schema commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__serve_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help serve commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__signal_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__signal_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help signal commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__start_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__start_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help start commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__status_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help status commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__stop_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__stop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help stop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__telemetry_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__telemetry_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help telemetry commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__top_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__top_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help top commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace_commands() {
    local commands; commands=(
'last:Draw the newest trace' \
'list:List traces, one line each, the newest first' \
'show:Draw one trace' \
'analyze:Say where the time of a start went' \
'spool:Look into a spool directory (--spool DIR, or the configured one), and take spans out of it' \
    )
    _describe -t commands 'phpeek-pm help trace commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze_commands() {
    local commands; commands=(
'blame:List processes by the time that they took themselves, without what they waited for' \
'critical-chain:Show the chain of processes that decided when the start was over' \
'compare:Compare what each process took in two starts' \
    )
    _describe -t commands 'phpeek-pm help trace analyze commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__blame_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__blame_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace analyze blame commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__compare_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__compare_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace analyze compare commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__critical-chain_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__analyze__subcmd__critical-chain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace analyze critical-chain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__last_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__last_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace last commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__show_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace show commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool_commands() {
    local commands; commands=(
'list:List its segments\: bytes, spans, how many wait for the receiver' \
'verify:Check every record; the exit code is 1 when something is damaged' \
'export:Write the spans that wait as OTLP JSON lines to standard output; they stay where they are' \
'drop:Remove all segments. Refused while a supervisor uses the directory' \
    )
    _describe -t commands 'phpeek-pm help trace spool commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__drop_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__drop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace spool drop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__export_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace spool export commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace spool list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__verify_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__trace__subcmd__spool__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help trace spool verify commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__help__subcmd__version_commands] )) ||
_phpeek-pm__subcmd__help__subcmd__version_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm help version commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__history_commands] )) ||
_phpeek-pm__subcmd__history_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm history commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__import_commands] )) ||
_phpeek-pm__subcmd__import_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm import commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__init_commands] )) ||
_phpeek-pm__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm init commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__logs_commands] )) ||
_phpeek-pm__subcmd__logs_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm logs commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__man_commands] )) ||
_phpeek-pm__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm man commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__plan_commands] )) ||
_phpeek-pm__subcmd__plan_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm plan commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__reload_commands] )) ||
_phpeek-pm__subcmd__reload_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm reload commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__restart_commands] )) ||
_phpeek-pm__subcmd__restart_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm restart commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__run_commands] )) ||
_phpeek-pm__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm run commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__scaffold_commands] )) ||
_phpeek-pm__subcmd__scaffold_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm scaffold commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__scale_commands] )) ||
_phpeek-pm__subcmd__scale_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm scale commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule_commands] )) ||
_phpeek-pm__subcmd__schedule_commands() {
    local commands; commands=(
'list:List the processes that go by the clock\: when each runs next, and how it ran last' \
'trigger:Run a job now, and wait for its end' \
'pause:Begin no job by the clock until the schedule is resumed; what runs goes on' \
'resume:Begin jobs by the clock again; what was missed runs as schedule_catch_up says' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm schedule commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help_commands() {
    local commands; commands=(
'list:List the processes that go by the clock\: when each runs next, and how it ran last' \
'trigger:Run a job now, and wait for its end' \
'pause:Begin no job by the clock until the schedule is resumed; what runs goes on' \
'resume:Begin jobs by the clock again; what was missed runs as schedule_catch_up says' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm schedule help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule help list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__pause_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__pause_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule help pause commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__resume_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__resume_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule help resume commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__trigger_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__help__subcmd__trigger_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule help trigger commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__pause_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__pause_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule pause commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__resume_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__resume_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule resume commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schedule__subcmd__trigger_commands] )) ||
_phpeek-pm__subcmd__schedule__subcmd__trigger_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schedule trigger commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__schema_commands] )) ||
_phpeek-pm__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm schema commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__serve_commands] )) ||
_phpeek-pm__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm serve commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__signal_commands] )) ||
_phpeek-pm__subcmd__signal_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm signal commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__start_commands] )) ||
_phpeek-pm__subcmd__start_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm start commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__status_commands] )) ||
_phpeek-pm__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm status commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__stop_commands] )) ||
_phpeek-pm__subcmd__stop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm stop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__telemetry_commands] )) ||
_phpeek-pm__subcmd__telemetry_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm telemetry commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__top_commands] )) ||
_phpeek-pm__subcmd__top_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm top commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace_commands] )) ||
_phpeek-pm__subcmd__trace_commands() {
    local commands; commands=(
'last:Draw the newest trace' \
'list:List traces, one line each, the newest first' \
'show:Draw one trace' \
'analyze:Say where the time of a start went' \
'spool:Look into a spool directory (--spool DIR, or the configured one), and take spans out of it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze_commands() {
    local commands; commands=(
'blame:List processes by the time that they took themselves, without what they waited for' \
'critical-chain:Show the chain of processes that decided when the start was over' \
'compare:Compare what each process took in two starts' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace analyze commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__blame_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__blame_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze blame commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__compare_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__compare_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze compare commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__critical-chain_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__critical-chain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze critical-chain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help_commands() {
    local commands; commands=(
'blame:List processes by the time that they took themselves, without what they waited for' \
'critical-chain:Show the chain of processes that decided when the start was over' \
'compare:Compare what each process took in two starts' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace analyze help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__blame_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__blame_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze help blame commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__compare_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__compare_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze help compare commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__critical-chain_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__critical-chain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze help critical-chain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__analyze__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace analyze help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help_commands() {
    local commands; commands=(
'last:Draw the newest trace' \
'list:List traces, one line each, the newest first' \
'show:Draw one trace' \
'analyze:Say where the time of a start went' \
'spool:Look into a spool directory (--spool DIR, or the configured one), and take spans out of it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze_commands() {
    local commands; commands=(
'blame:List processes by the time that they took themselves, without what they waited for' \
'critical-chain:Show the chain of processes that decided when the start was over' \
'compare:Compare what each process took in two starts' \
    )
    _describe -t commands 'phpeek-pm trace help analyze commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__blame_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__blame_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help analyze blame commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__compare_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__compare_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help analyze compare commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__critical-chain_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__analyze__subcmd__critical-chain_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help analyze critical-chain commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__last_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__last_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help last commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__show_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help show commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool_commands() {
    local commands; commands=(
'list:List its segments\: bytes, spans, how many wait for the receiver' \
'verify:Check every record; the exit code is 1 when something is damaged' \
'export:Write the spans that wait as OTLP JSON lines to standard output; they stay where they are' \
'drop:Remove all segments. Refused while a supervisor uses the directory' \
    )
    _describe -t commands 'phpeek-pm trace help spool commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__drop_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__drop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help spool drop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__export_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help spool export commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help spool list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__verify_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__help__subcmd__spool__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace help spool verify commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__last_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__last_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace last commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__show_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace show commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool_commands() {
    local commands; commands=(
'list:List its segments\: bytes, spans, how many wait for the receiver' \
'verify:Check every record; the exit code is 1 when something is damaged' \
'export:Write the spans that wait as OTLP JSON lines to standard output; they stay where they are' \
'drop:Remove all segments. Refused while a supervisor uses the directory' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace spool commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__drop_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__drop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool drop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__export_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool export commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help_commands() {
    local commands; commands=(
'list:List its segments\: bytes, spans, how many wait for the receiver' \
'verify:Check every record; the exit code is 1 when something is damaged' \
'export:Write the spans that wait as OTLP JSON lines to standard output; they stay where they are' \
'drop:Remove all segments. Refused while a supervisor uses the directory' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'phpeek-pm trace spool help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__drop_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__drop_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool help drop commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__export_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool help export commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__help_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool help help commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool help list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__verify_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__help__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool help verify commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__list_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool list commands' commands "$@"
}
(( $+functions[_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__verify_commands] )) ||
_phpeek-pm__subcmd__trace__subcmd__spool__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'phpeek-pm trace spool verify commands' commands "$@"
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

# What only a supervisor that runs knows: the ids of its newest traces, and the names of its processes, behind the words that
# take one.
_phpeek_pm_known() {
    local -a found from
    local i kind=""
    for ((i = 2; i < CURRENT; i++)); do
        case "${words[i]}" in
            --file | --spool | --socket | -c | --config) from+=("${words[i]}" "${words[i + 1]}"); ((i++)) ;;
            trace | schedule) [[ -z "$kind" ]] && kind="${words[i]}" ;;
            show | blame | critical-chain | compare) [[ "$kind" == trace ]] && kind=id ;;
            trigger | pause | resume) [[ "$kind" == schedule ]] && kind=name ;;
            start | stop | restart | scale | signal | logs | history | explain | status) [[ -z "$kind" ]] && kind=name ;;
        esac
    done
    if [[ "${words[CURRENT]}" != -* && ("${words[CURRENT - 1]}" != -* || "${words[CURRENT - 1]}" == --rolling) ]]; then
        case "$kind" in
            id) found=("${(@f)$(phpeek-pm trace list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')}") ;;
            name) found=("${(@f)$(phpeek-pm list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')}") ;;
        esac
        [[ -n "${found[1]}" ]] && compadd -a found && return 0
    fi
    _phpeek-pm "$@"
}
compdef _phpeek_pm_known phpeek-pm
