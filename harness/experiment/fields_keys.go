package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// keyForm is a distribution of keys, and the fields that belong to it.
type keyForm struct {
	name   string
	needed []string
	may    []string
}

// keyForms are the distributions.
var keyForms = []keyForm{
	{"zipf", nil, []string{"theta", "count"}},
	{"uniform", nil, []string{"count"}},
	{"hotset", []string{"keys", "share"}, []string{"count"}},
	{"moving-hotset", []string{"keys", "share", "every"}, []string{"count"}},
	{"latest", nil, []string{"theta", "count"}},
	{"single-shard", nil, []string{"shard", "share", "count"}},
	{"single-slot", nil, []string{"slot", "redisKey", "count"}},
	{"prefix", []string{"families"}, nil},
}

var keyFields = object[Keys]{
	scalar("distribution", "zipf: few keys are asked for often; uniform: all alike; hotset: some get a share of all requests; moving-hotset: these change; latest: what was written last is read most; single-shard: the keys of one shard of the target; single-slot: all keys in one slot of Redis; prefix: families of keys.",
		oneOf(keyFormNames()), func(k *Keys) *string { return &k.Distribution }),
	scalar("theta", "The skew of zipf and latest: the key of rank r is asked for in proportion to r^-theta.", theta,
		func(k *Keys) *float64 { return &k.Theta }),
	scalar("count", "Size of the key space.", keyCount, func(k *Keys) *int { return &k.Count }),
	scalar("keys", "How many keys are hot, of a hot set.", keyCount, func(k *Keys) *int { return &k.Hot }),
	scalar("share", "What the hot keys get of all requests; all others share the rest.", share("90%", false), func(k *Keys) *float64 { return &k.Share }),
	scalar("every", "After what time, by due times, a moving hot set moves on to the next keys.", duration(time.Millisecond, day),
		func(k *Keys) *time.Duration { return &k.Every }),
	scalar("shard", "The shard, by the X-Shard of the target's answers, whose keys are hot; without it that of the first key.", integer("the number of a shard", 0, 32767),
		func(k *Keys) *int { return &k.Shard }),
	scalar("slot", "The slot of a Redis Cluster in which all keys are.", integer("the number of a slot", 0, 16383), func(k *Keys) *int { return &k.Slot }),
	scalar("redisKey", "What the target calls a key in Redis; {key} stands for it.", pattern("a form such as mapper:k:{key}", `^[!-~]*\{key\}[!-~]*$`),
		func(k *Keys) *string { return &k.RedisKey }),
	{name: "families", doc: "Families of keys, by prefix: their keys are called PREFIX-NUMBER.",
		schema: schema{"type": "object", "minProperties": 1, "additionalProperties": familyFields.schema()}, read: readFamilies},
}

var (
	theta    = decimal("a number such as 0.99", 0, 10)
	keyCount = integer("a number of keys", 1, 10_000_000)
)

var familyFields = object[Family]{
	needed(scalar("share", "What the family gets of all requests.", share("70%", false), func(f *Family) *float64 { return &f.Share })),
	needed(scalar("count", "How many keys it has.", keyCount, func(f *Family) *int { return &f.Count })),
	scalar("theta", "The skew among its keys; without it all alike.", theta, func(f *Family) *float64 { return &f.Theta }),
}

func keyFormNames() []string {
	var names []string
	for _, f := range keyForms {
		names = append(names, f.name)
	}
	return names
}

// form is the distribution's own.
func (k *Keys) form() keyForm {
	i := slices.IndexFunc(keyForms, func(f keyForm) bool { return f.name == k.Distribution })
	return keyForms[max(0, i)]
}

var familyPrefix = pattern("a prefix of letters, digits, - and _", `^[A-Za-z0-9_-]{1,64}$`)

func readFamilies(r *reader, path string, n ast.Node, k *Keys) {
	k.Families = nil
	r.entries(path, n, func(at, name string, value ast.Node) {
		f := Family{Prefix: name}
		if _, err := familyPrefix.parse(word{name, textWord}); err != nil {
			r.found = append(r.found, r.origins.mistake(r.written[at].key, "", "%q is no prefix of keys: letters, digits, - and _", name))
		}
		if name == "r" || strings.HasPrefix(name, "d-") {
			r.found = append(r.found, r.origins.mistake(r.written[at].key, "call it something else", "keys of the family %q could be those that ask about the data: d-CLIENT-NUMBER, r-NUMBER", name))
		}
		familyFields.read(r, at, value, &f)
		k.Families = append(k.Families, f)
	})
}

// settle gives what the file left out the value that follows from the
// distribution.
func (k *Keys) settle(wrote func(path string) bool) {
	form := k.form()
	if !wrote("load.keys.theta") && !slices.Contains(form.may, "theta") {
		k.Theta = 0
	}
	switch form.name {
	case "single-shard":
		if !wrote("load.keys.share") {
			k.Share = 1
		}
	case "single-slot":
		if !wrote("load.keys.redisKey") {
			k.RedisKey = "{key}"
		}
	case "prefix":
		k.Count = 0
		for _, f := range k.Families {
			k.Count += f.Count
		}
	}
}

// check finds what contradicts the distribution.
func (k *Keys) check(r *reader, populated int) {
	form := k.form()
	for _, f := range keyFields[1:] {
		at := "load.keys." + f.name
		_, wrote := r.written[at]
		switch {
		case wrote && !slices.Contains(form.may, f.name) && !slices.Contains(form.needed, f.name):
			r.refuseAt(at, "leave it out", "%s belongs to %s, and the distribution is %s", f.name, strings.Join(formsWith(f.name), ", "), form.name)
		case !wrote && slices.Contains(form.needed, f.name):
			r.refuseAt("load.keys", "", "the distribution %s needs load.keys.%s", form.name, f.name)
		}
	}
	switch {
	case k.Hot > k.Count:
		r.refuseAt("load.keys.keys", "", "%d of %d keys cannot be hot", k.Hot, k.Count)
	case form.name == "latest" && populated < k.Count:
		r.refuseAt("load.populate", "populate all of them", "the distribution latest reads any key, and %d of %d are populated", populated, k.Count)
	case form.name == "single-shard" && populated == 0:
		r.refuseAt("load.populate", "populate them", "which keys are in one shard is learnt while populating, and nothing is populated")
	case k.Count > 10_000_000:
		r.refuseAt("load.keys.families", "", "the families have %d keys; 10000000 is the limit", k.Count)
	}
	sum := 0.0
	for _, f := range k.Families {
		sum += f.Share
	}
	if form.name == "prefix" && len(k.Families) > 0 && math.Abs(sum-1) > 1e-9 {
		r.refuseAt("load.keys.families", "", "the shares of the families add up to %s, not to 100%%", percent(sum))
	}
}

// formsWith are the distributions that have a field.
func formsWith(field string) []string {
	var names []string
	for _, f := range keyForms {
		if slices.Contains(f.may, field) || slices.Contains(f.needed, field) {
			names = append(names, f.name)
		}
	}
	return names
}

// String says which keys are asked for, in words.
func (k Keys) String() string {
	switch k.Distribution {
	case "zipf":
		return fmt.Sprintf("zipf with theta %v over %d keys", k.Theta, k.Count)
	case "hotset", "moving-hotset":
		moving := ""
		if k.Every > 0 {
			moving = fmt.Sprintf(", others every %v", k.Every)
		}
		return fmt.Sprintf("%s for %d of %d keys%s", percent(k.Share), k.Hot, k.Count, moving)
	case "latest":
		return fmt.Sprintf("of %d keys those written last, with theta %v", k.Count, k.Theta)
	case "single-shard":
		return fmt.Sprintf("%s for the keys of one shard, of %d", percent(k.Share), k.Count)
	case "single-slot":
		return fmt.Sprintf("%d keys, all of slot %d (%s)", k.Count, k.Slot, k.RedisKey)
	case "prefix":
		return fmt.Sprintf("%d keys in %d families", k.Count, len(k.Families))
	}
	return fmt.Sprintf("%s over %d keys", k.Distribution, k.Count)
}
