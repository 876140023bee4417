package reports

import (
	"strings"
	"testing"
)

// The picture tells what the read should have seen, and shades the fault.
func TestTheStoryOfARegister(t *testing.T) {
	r := sampleResult()
	heal := 91.6
	r.Faults[0].HealEnd = &heal
	c := pictureChart(r, &Series{Picture: samplePicture()})
	var words []string
	shaded, bars := 0, 0
	for _, m := range c.Marks {
		words = append(words, m.Text)
		if m.Kind == "rect" && m.Fill == "fault" {
			shaded++
		} else if m.Kind == "rect" {
			bars++
		}
	}
	all := strings.Join(words, "\n")
	for _, want := range []string{"redis-down", "812" + space + "ms stale", "A mapper-2", "B mapper-2", "client 5, write of C (write 4107) through mapper-2, 91.520" + space + "s to outcome unknown", "read of nothing"} {
		if !strings.Contains(all, want) {
			t.Errorf("the picture does not say %q:\n%s", want, all)
		}
	}
	if shaded != 1 || bars != 9 {
		t.Errorf("%d stretches shaded and %d operations drawn, want 1 and 9: the write of A lies before", shaded, bars)
	}
	if !strings.Contains(c.Sentence, "A was written before the picture, at 84.200") {
		t.Errorf("%s", c.Sentence)
	}
	if pictureChart(r, &Series{}) != nil || pictureChart(r, nil) != nil {
		t.Error("a picture of nothing")
	}
}
