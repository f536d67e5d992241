package rest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
)

func TestCheckNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	check := func(change func(*rest.Options)) string {
		o := rest.Options{Account: front.Account, Token: front.Token, BaseURL: x.URL, Dir: t.TempDir(), HTTPClient: client(t),
			Pause: time.Millisecond}
		change(&o)
		ps, err := rest.Check(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, p := range ps {
			mark := "?"
			if p.Known {
				mark = map[bool]string{true: "+", false: "-"}[p.Granted]
			}
			if p.Words == "" || mark == "-" && len(p.Words) < 40 {
				t.Errorf("%s: no words to go by: %q", p.Name, p.Words)
			}
			out = append(out, mark+p.Name)
		}
		return strings.Join(out, ", ")
	}
	for name, c := range map[string]struct {
		change func(*rest.Options)
		want   string
	}{
		"all well": {func(*rest.Options) {}, "+Cloudflare's API, +Token, +D1 Read, +D1 Edit"},
		"both tokens": {func(o *rest.Options) { o.ReadToken = front.ReadToken },
			"+Cloudflare's API, +Token, +D1 Read, +D1 Edit, +Reading token: D1 Read, +Reading token: no D1 Edit"},
		"one for both": {func(o *rest.Options) { o.ReadToken = front.Token },
			"+Cloudflare's API, +Token, +D1 Read, +D1 Edit, +Reading token: D1 Read, -Reading token: no D1 Edit"},
		"only reading": {func(o *rest.Options) { o.Token = front.ReadToken }, "+Cloudflare's API, +Token, +D1 Read, -D1 Edit"},
		"wrong token":  {func(o *rest.Options) { o.Token = "wrong" }, "+Cloudflare's API, -Token, ?D1 Read, ?D1 Edit"},
		"wrong account": {func(o *rest.Options) { o.Account = "0123456789abcdef0123456789abcdef" },
			"+Cloudflare's API, +Token, -D1 Read, ?D1 Edit"},
		"wrong read token": {func(o *rest.Options) { o.ReadToken = "wrong" },
			"+Cloudflare's API, +Token, +D1 Read, +D1 Edit, -Reading token: D1 Read, ?Reading token: no D1 Edit"},
		"nobody listens": {func(o *rest.Options) { o.BaseURL = front.Refused(t) }, "-Cloudflare's API, ?Token, ?D1 Read, ?D1 Edit"},
	} {
		if got := check(c.change); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	x.Next("", front.BadGateway)
	if got := check(func(*rest.Options) {}); got != "+Cloudflare's API, +Token, +D1 Read, ?D1 Edit" &&
		got != "+Cloudflare's API, +Token, +D1 Read, +D1 Edit" {
		t.Errorf("an answer that doesn't tell: %s", got)
	}
	x.Always(front.NotJSON)
	if got := check(func(*rest.Options) {}); got != "-Cloudflare's API, ?Token, ?D1 Read, ?D1 Edit" {
		t.Errorf("a proxy's page: %s", got)
	}
	for _, c := range f.Calls() {
		if c.Effect {
			t.Errorf("a check changed something: %+v", c)
		}
	}
}
