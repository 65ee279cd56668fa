sluice_test(review unit/review_test.c ROOMS review layout schema sql config model core)
sluice_test(review_rules unit/review_rules_test.c ROOMS review layout schema sql config model core)
sluice_test(review_settings unit/review_settings_test.c ROOMS review layout schema sql config model core)
sluice_test(review_format unit/review_format_test.c ROOMS review layout schema sql config model core)
