
# The ids of the newest traces, behind the words that take one.
_phpeek_pm_traces() {
    local -a ids from
    local i
    for ((i = 2; i < CURRENT; i++)); do
        case "${words[i]}" in
            --file | --spool | --socket | -c | --config) from+=("${words[i]}" "${words[i + 1]}") ;;
        esac
    done
    if [[ "${words[(I)trace]}" -gt 0 && "${words[CURRENT]}" != -* && "${words[CURRENT - 1]}" != -* ]] &&
        [[ "${words[(I)show]}${words[(I)blame]}${words[(I)critical-chain]}${words[(I)compare]}" != 0000 ]]; then
        ids=("${(@f)$(phpeek-pm trace list "${from[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')}")
        compadd -a ids && return 0
    fi
    _phpeek-pm "$@"
}
compdef _phpeek_pm_traces phpeek-pm
