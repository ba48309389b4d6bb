//! The schema in docs/ is the one that the types give.

use std::path::Path;

#[test]
fn the_schema_in_docs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/report.schema.json");
    let schema = serde_json::to_string_pretty(&kmapcheck_report::schema_report())
        .expect("it is JSON")
        + "\n";
    if std::env::var_os("KMAPCHECK_UPDATE").is_some() {
        std::fs::write(&path, &schema).expect("docs/schema can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == schema,
        "docs/schema/report.schema.json is out of date: run KMAPCHECK_UPDATE=1 cargo test"
    );
}
