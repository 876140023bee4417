package topology

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An address within an environment value: alone, or as the authority of a URL
// ("redis://user@redis:6379/0"). What stands around it must not be able to be
// a part of a host name or a number.
var addressPattern = regexp.MustCompile(`(^|[/@=\s])([A-Za-z0-9][A-Za-z0-9_.-]*):([0-9]{1,5})($|[/?\s])`)

// Rewrite replaces the first service:port of every item of a comma-separated
// value by real addresses. An item whose service has several addresses is
// repeated for each of them; an item for which addresses returns nothing stays
// as it is.
func Rewrite(value string, addresses func(service string, port int) []string) string {
	var out []string
	for item := range strings.SplitSeq(value, ",") {
		at, service, port := address(item)
		if at == nil {
			out = append(out, item)
			continue
		}
		real := addresses(service, port)
		if len(real) == 0 {
			out = append(out, item)
		}
		for _, a := range real {
			out = append(out, item[:at[0]]+a+item[at[1]:])
		}
	}
	return strings.Join(out, ",")
}

// address finds the first host:port of item: its place, host and port. The
// place is nil when there is none.
func address(item string) (at []int, host string, port int) {
	m := addressPattern.FindStringSubmatchIndex(item)
	if m == nil {
		return nil, "", 0
	}
	port, err := strconv.Atoi(item[m[6]:m[7]])
	if err != nil || port < 1 || port > 65535 {
		return nil, "", 0
	}
	return []int{m[4], m[7]}, item[m[4]:m[5]], port
}

// edges finds the connections that the service from makes, by the names of
// its environment in alphabetical order, each once.
func edges(from string, env map[string]string, known func(service string) bool) []Edge {
	var found []Edge
	for _, name := range sortedKeys(env) {
		Rewrite(env[name], func(service string, port int) []string {
			e := Edge{From: from, To: service, Port: port, Env: name}
			if known(service) && !slices.Contains(found, e) {
				found = append(found, e)
			}
			return nil
		})
	}
	return found
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
