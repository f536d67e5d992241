package auth

// RoundTripPHC parses a PHC string and writes it again.
func RoundTripPHC(s string) (string, error) {
	h, err := parsePHC(s)
	return h.String(), err
}

// Derive replaces how keys are derived, to watch it.
func (h *Hasher) Derive(f func(p Params) []byte) {
	h.derive = func(_, _ []byte, p Params) []byte { return f(p) }
}

// Entries returns how many accounts, addresses and pairs are remembered.
func (t *Throttle) Entries() (accounts, addresses, known int) {
	return t.accounts.len(), t.addresses.len(), t.known.len()
}

// CommonPasswords is the embedded list as it is written.
func CommonPasswords() string { return commonText }
