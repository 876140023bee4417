package load

import (
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/load/shape"
)

// Under every shape exactly those requests are recorded that are due before
// the end, at their due times; also when the end is not known until it is near,
// and when nothing is due any more.
func TestAttacksFollowTheirShape(t *testing.T) {
	s := time.Second
	curve := func(c *shape.Curve, err error) shape.Shape {
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, sh := range []shape.Shape{
		curve(shape.Step{From: 100, To: 500, By: 200, Every: s}.Curve()),
		curve(shape.Ramp{From: 0, To: 300, Over: 2 * s}.Curve()),
		curve(shape.Ramp{From: 300, To: 0, Over: 2 * s}.Curve()), // then silence
		curve(shape.Spike{Base: 0, Peak: 500, At: s, For: s / 2}.Curve()),
		shape.Sine{Mean: 200, Amplitude: 200, Period: s},
		shape.Poisson{Mean: 300},
	} {
		t.Run(sh.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := smallPlan(1, 50, time.Second)
				plan.Schedule = sh.Schedule(Arrivals(7))
				a, rec, _ := begin(t, plan, one, after(10*time.Millisecond))
				time.Sleep(3 * s)
				end := a.EndAt(int64(4 * s))
				if err := a.Wait(); err != nil {
					t.Fatal(err)
				}
				want := shape.Before(plan.Schedule, end)
				expectOnceEach(t, rec.ops, int(want))
				for _, op := range rec.ops {
					if op.Due != plan.Schedule.Due(op.Seq) || op.Class != history.OK || op.Slip() > int64(time.Millisecond) {
						t.Fatalf("request %d: due %d, sent %d, %v", op.Seq, op.Due, op.Sent, op.Class)
					}
				}
				if mean := sh.Count(4 * s); float64(want) < 0.8*mean || float64(want) > 1.2*mean+1 {
					t.Errorf("%d requests, the rate adds up to %.0f", want, mean)
				}
			})
		})
	}
}
