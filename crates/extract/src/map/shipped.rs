//! The mapping files of `models/c/`, as they were when the program was built.

macro_rules! shipped {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../../models/c/", $name, ".json")))),+]
    };
}

const SHIPPED: &[(&str, &str)] = shipped![
    "linux-2.4",
    "linux-2.4-pte-highmem",
    "linux-2.6",
    "linux-6",
    "pthreads"
];

/// The one that is taken if nobody says which.
pub const FIRST: &str = "linux-2.4";

/// The names of the shipped mapping files, in order, without `.json`.
#[must_use]
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// The text of the shipped mapping file of that name, with or without `.json`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".json").unwrap_or(name);
    let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
    shipped.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_mapping_file_is_shipped() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/c");
        let mut files: Vec<String> = (std::fs::read_dir(folder).expect("models/c").flatten())
            .map(|entry| {
                entry
                    .path()
                    .file_stem()
                    .expect("a name")
                    .display()
                    .to_string()
            })
            .collect();
        files.sort_unstable();
        assert_eq!(super::names(), files);
    }
}
