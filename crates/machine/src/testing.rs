//! Programs for the unit tests.

use kmapcheck_scenario::Program;

/// The program of a scenario with that model (an object without a name) and those fields.
pub(crate) fn program(model: &str, fields: &str) -> Program {
    let model = model.replacen('{', r#"{ "name": "m","#, 1);
    let text = format!(r#"{{ "name": "s", "model": {model}, {fields} }}"#);
    match kmapcheck_scenario::load_str(
        "test.json",
        &text,
        &kmapcheck_scenario::Overrides::default(),
    ) {
        Ok(program) => program,
        Err(errors) => panic!("{errors}"),
    }
}
