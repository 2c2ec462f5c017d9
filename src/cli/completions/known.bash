
# What only a supervisor that runs knows: the ids of its newest traces, and the names of its processes, behind the words that
# take one.
_phpeek_pm_known() {
    local i word kind="" from=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
            --file | --spool | --socket | -c | --config) from+=("$word" "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            trace | schedule) [[ -z "$kind" ]] && kind="$word" ;;
            show | blame | critical-chain | compare) [[ "$kind" == trace ]] && kind=id ;;
            trigger | pause | resume) [[ "$kind" == schedule ]] && kind=name ;;
            start | stop | restart | scale | signal | logs | history | explain | status) [[ -z "$kind" ]] && kind=name ;;
        esac
    done
    [[ "$3" == --process ]] && kind=name
    if [[ "$2" != -* && ("$3" != -* || "$3" == --process || "$3" == --rolling) ]]; then
        case "$kind" in
            id) word="$("$1" trace list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
            name) word="$("$1" list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
            *) word="" ;;
        esac
        if [[ -n "$word" ]]; then
            COMPREPLY=($(compgen -W "$word" -- "$2"))
            return 0
        fi
    fi
    _phpeek__pm "$@"
}
complete -F _phpeek_pm_known -o bashdefault -o default phpeek-pm
