package d1

// Locations are D1's location hints with what they mean.
var Locations = []struct{ Code, Name string }{
	{"wnam", "Western North America"}, {"enam", "Eastern North America"}, {"weur", "Western Europe"},
	{"eeur", "Eastern Europe"}, {"apac", "Asia-Pacific"}, {"oc", "Oceania"},
}

// Jurisdictions are where D1 promises to keep a database, with what they mean.
var Jurisdictions = []struct{ Code, Name string }{
	{"eu", "European Union"}, {"fedramp", "FedRAMP"}, {"us", "United States"},
}
