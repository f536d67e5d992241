package config

// Doc is what the outside of the package can know of a setting.
type Doc struct {
	Name, Flag, Default, Help, Example string
	Env                                []string
	Secret                             bool
}

// Documented returns the table of settings for the tests.
func Documented() []Doc {
	var out []Doc
	for _, s := range settings() {
		out = append(out, Doc{s.name, s.flag, s.def, s.help, s.example, s.env, s.secret})
	}
	return out
}
