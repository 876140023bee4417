package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteJSON writes the report for programs, indented, with a final newline.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Write writes the report for people: a line for each check, and below those
// that are not ok why it matters and how to get it.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-8s %-13s %s\n", c.State, c.Name, c.Found)
		if c.State == OK {
			continue
		}
		fmt.Fprintf(&b, "%22s for %s: %s\n", "", strings.Join(c.For, ", "), c.Why)
		if c.Get == nil {
			continue
		}
		if c.Get.Debian != "" {
			fmt.Fprintf(&b, "%22s Debian: %s; elsewhere: %s\n", "", c.Get.Debian, c.Get.General)
		} else {
			fmt.Fprintf(&b, "%22s do: %s\n", "", c.Get.General)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(r.conclusion(), "\n"))
	_, err := io.WriteString(w, b.String())
	return err
}

// conclusion is what the report comes to, in sentences. A load that cannot be
// sent from here is no fault of the platform.
func (r Report) conclusion() (all []string) {
	lacks := r.lacking()
	if i := slices.Index(lacks, generatorName); i >= 0 && r.Load != "" {
		lacks = slices.Delete(lacks, i, i+1)
		all = append(all, r.Load+" cannot be run from here as it is: its rate cannot be sent beside its stress.")
	}
	if len(lacks) > 0 {
		return append(all, "The local platform cannot run: "+strings.Join(lacks, ", ")+".")
	}
	return append(all, "Everything that the local platform needs is here.")
}

// lacking is the names of what is needed and not there.
func (r Report) lacking() []string {
	var names []string
	for _, c := range r.Checks {
		if c.Needed && c.State == Missing {
			names = append(names, c.Name)
		}
	}
	return names
}
