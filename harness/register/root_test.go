package register

import (
	"strings"
	"testing"
)

func TestRootSaysWhatToSet(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_STATE_HOME", "relative") // which the XDG specification has ignored
	if root, err := Root(); err == nil || !strings.Contains(err.Error(), "set HOME or XDG_STATE_HOME") {
		t.Errorf("the register is at %q, %v", root, err)
	}
}
