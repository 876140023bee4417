package doctor

import (
	"context"
	"fmt"
	"strings"
)

// lookLeft names what runs left. It is needed for one reason only: a register
// that cannot be read or written lets no run begin.
func lookLeft(_ context.Context, m Machine, _ Needs) finding {
	runs, err := m.Runs()
	if err != nil {
		return finding{Missing, "the register of runs: " + err.Error(), "make it readable and writable for this user"}
	}
	var alive, dead []string
	for _, r := range runs {
		if r.Alive {
			alive = append(alive, fmt.Sprintf("run %s is under way (pid %d)", r.ID, r.PID))
			continue
		}
		text := fmt.Sprintf("run %s died", r.ID)
		for i, item := range r.Left {
			if i == 3 {
				text += fmt.Sprintf(" and %d more", len(r.Left)-i)
				break
			}
			text += map[bool]string{true: " and left ", false: ", "}[i == 0] + item.String()
		}
		dead = append(dead, text)
	}
	found := strings.Join(append(alive, dead...), "; ")
	switch {
	case len(dead) > 0:
		return finding{state: Warn, found: found}
	case len(alive) > 0:
		return finding{Warn, found, "wait for it, or run with --wait: two runs at once are refused"}
	}
	return finding{state: OK, found: "nothing"}
}
