#include "help.hpp"

namespace ggen::cli {

// The scripts know nothing of ggen: every word comes from `ggen __complete`, so a script written once
// stays right. A first line ":file" or ":directory" hands over to the shell's own completion.
std::string completion_script(std::string_view shell) {
    if (shell == "bash") {
        return R"(# bash completion for ggen
_ggen() {
    local cur=${COMP_WORDS[COMP_CWORD]} IFS=$'\n' lines
    COMPREPLY=()
    lines=($(ggen __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
    case ${lines[0]} in
        :file) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
        :directory) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null ;;
        *) COMPREPLY=("${lines[@]}") ;;
    esac
}
complete -F _ggen ggen
)";
    }
    if (shell == "zsh") {
        return R"(#compdef ggen
_ggen() {
    local -a lines found
    local line
    lines=("${(@f)$(ggen __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    case $lines[1] in
        :file) _files; return ;;
        :directory) _files -/; return ;;
    esac
    for line in $lines; do
        [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe ggen found
}
if [[ $funcstack[1] == _ggen ]]; then _ggen; else compdef _ggen ggen; fi
)";
    }
    if (shell == "fish") {
        return R"(# fish completion for ggen
function __ggen_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (ggen __complete $words[2..-1] 2>/dev/null)
    switch "$lines[1]"
        case :file
            __fish_complete_path (commandline -ct)
        case :directory
            __fish_complete_directories (commandline -ct)
        case '*'
            printf '%s\n' $lines
    end
end
complete -c ggen -f -a '(__ggen_complete)'
)";
    }
    return {};
}

}  // namespace ggen::cli
