package experiment

import "strings"

// A path names a field from the root of the file: "load.keys.count",
// "faults.0.at".

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// parent is the path of the field around path; "" at the root.
func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	return path[:max(0, i)]
}

func list(names []string) string { return strings.Join(names, ", ") }
