//! The C files of a folder, in the order of their names, whatever the file system says first.
//!
//! Folders whose name begins with a dot are passed over, and so are links to folders: they may lead
//! back.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders inside one another that are gone into.
const DEEPEST: usize = 100;

/// The `.c` files below a folder.
///
/// # Errors
///
/// What cannot be read, and why, in words.
pub fn c_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |path: &Path, why: &dyn std::fmt::Display| {
        format!("cannot read `{}`: {why}", path.display())
    };
    let meta = fs::metadata(folder).map_err(|error| cannot(folder, &error))?;
    if !meta.is_dir() {
        let name = folder.display();
        return Err(format!(
            "`{name}` is no folder; for a single file: `kmapcheck extract {name} --entry FUNCTION`"
        ));
    }
    let mut files = Vec::new();
    let mut todo = vec![(folder.to_owned(), 0)];
    while let Some((of, depth)) = todo.pop() {
        let entries = fs::read_dir(&of).map_err(|error| cannot(&of, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| cannot(&of, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| cannot(&entry.path(), &error))?;
            let path = entry.path();
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !is_hidden && depth < DEEPEST {
                todo.push((path, depth + 1));
            } else if path.extension().is_some_and(|end| end == "c") && path.is_file() {
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        return Err(format!(
            "there is no `.c` file in `{}`; name the folder that has the sources",
            folder.display()
        ));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().expect("there is room");
        let root = folder.path();
        for name in ["b.c", "a.h", "sub/z.c", "sub/a.c", ".git/x.c", "a.c"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, "int f(void);").expect("it can be written");
        }
        let found = c_files(root).expect("there are some");
        let names: Vec<_> = (found.iter())
            .map(|path| path.strip_prefix(root).expect("it is below").to_owned())
            .collect();
        assert_eq!(
            names,
            ["a.c", "b.c", "sub/a.c", "sub/z.c"].map(PathBuf::from)
        );
    }

    #[test]
    fn what_is_no_folder_of_c_says_so() {
        let folder = tempfile::tempdir().expect("there is room");
        let said = c_files(folder.path()).expect_err("there is none");
        assert!(said.contains("no `.c` file"), "{said}");
        let file = folder.path().join("a.c");
        fs::write(&file, "").expect("it can be written");
        let said = c_files(&file).expect_err("it is a file");
        assert!(said.contains("--entry FUNCTION"), "{said}");
        let said = c_files(&folder.path().join("none")).expect_err("it is not there");
        assert!(said.starts_with("cannot read"), "{said}");
    }
}
