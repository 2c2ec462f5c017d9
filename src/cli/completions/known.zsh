
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
