package builds_test

// expected has a line for each folder that isn't read as it was.
var expected = map[string]later{
	"2026-11-30-08501fa": { // which dropped the collations and directions of keys
		grown: []Version{
			{"verbatim", 2, "06701563dd287bd32bde1539b1d696fd8d01ba9ccb1e7aaf06f60ed26a0ab613"},
			{"verbatim", 1, "e2b69304572db1b1f1238e85fcba53af4b3576682fcf8d165632a97c6ac61094"},
		},
		stale: []string{"globex-people", "initech-people", "initech-verbatim"},
		words: []string{"Change the primary key of tags from (name collate nocase, kind desc) to (name, kind)",
			"Remove the UNIQUE (email collate nocase) from people"},
	},
}
