//! Writes what fuzzing begins with: `corpus FOLDER`, from the top of the repository.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("usage: corpus FOLDER"));
    };
    let written = kmapcheck_fuzz::corpus::write(Path::new("."), Path::new(&folder))?;
    println!("{written} inputs");
    Ok(())
}
