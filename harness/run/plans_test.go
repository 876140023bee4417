package run

import (
	"testing"

	"gauntlet/harness/experiment"
	"gauntlet/harness/load"
)

// What populating told of the keys is known of the load's, and of no others'.
func TestThePlanOfTheLoadKnowsWhereItsKeysLie(t *testing.T) {
	e, err := experiment.Parse("x.yaml", []byte("name: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := &session{exp: e, keyName: load.KeyName, shards: []int32{4, load.Torn}}
	s.facts.Registers = 2
	plans, err := s.plans()
	if err != nil || len(plans) != 3 {
		t.Fatalf("%d plans: %v", len(plans), err)
	}
	if got := plans[0].Shards; len(got) != 2 || got[0] != 4 || plans[1].Shards != nil || plans[2].Shards != nil {
		t.Errorf("the keys of the load lie in %v, the others in %v and %v", got, plans[1].Shards, plans[2].Shards)
	}
}
