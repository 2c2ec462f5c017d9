
# The ids of the newest traces, behind the words that take one.
_phpeek_pm_traces() {
    local i word kind="" from=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
            --file | --spool | --socket | -c | --config) from+=("$word" "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            trace) [[ -z "$kind" ]] && kind=trace ;;
            show | blame | critical-chain | compare) [[ "$kind" == trace ]] && kind=id ;;
        esac
    done
    if [[ "$kind" == id && "$2" != -* && "$3" != -* ]]; then
        COMPREPLY=($(compgen -W "$("$1" trace list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$2"))
        return 0
    fi
    _phpeek__pm "$@"
}
complete -F _phpeek_pm_traces -o bashdefault -o default phpeek-pm
