package d1

// Provider is the account databases live in. Every transport has all of it, since
// every database is listed, opened and kept by the account it is in; who needs one
// part takes a [Registry], a [Keeper] or a [Dialer].
type Provider interface {
	Registry
	Keeper
	Dialer
}
