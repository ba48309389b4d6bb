//! `kmapcheck extract`: C into a scenario.

use std::io;
use std::path::Path;
use std::sync::Arc;

use kmapcheck_args::{Extract, Format};
use kmapcheck_check::code::{Code, READING_C};
use kmapcheck_extract::Shown;
use kmapcheck_extract::map::help;

use crate::exit::Exit;
use crate::failure::{Wrong, usage};
use crate::output::Output;
use crate::progress::{Line, interrupt};
use crate::run::one;
use crate::targets;

/// Runs the command.
pub fn run(args: &Extract, output: &mut Output) -> io::Result<Exit> {
    if args.map_help {
        output.print(&help::help())?;
        return Ok(Exit::Clean);
    }
    if !args.scan.folders.is_empty() {
        return super::scan::run(args, output);
    }
    // With a file beside it nothing asks for the folder that these need.
    if let Some(option) = args.scan.given() {
        return Ok(usage(&format!("`{option}` goes with `--scan DIR`")));
    }
    if args.code.entries.is_empty() {
        return Ok(usage("say with `--entry FUNCTION` what tasks run"));
    }
    let limits = args.limits.limits(None, interrupt());
    let first = args.files.first().map_or(Path::new(""), |file| file);
    let to = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    one(first, &limits, Format::Text, output, |run| {
        let line = Arc::new(Line::new(first, false));
        let shown = {
            let line = line.clone();
            Shown::to(move |text| line.show_text(text))
        };
        let code = code(args, shown);
        let made = run.phase(READING_C, || code.extracted());
        drop((line, code));
        run.finish();
        let of = made.map_err(Wrong::from)?;
        let Some(to) = to else {
            return Ok((of.scenario, Exit::Clean));
        };
        let exit = targets::write(to, &of.scenario);
        let text = match (exit, of.assumed.len()) {
            (Exit::Clean, 1) => "1 thing was assumed; it is at the top of the file\n".to_owned(),
            (Exit::Clean, n) => {
                format!("{n} things were assumed; they are at the top of the file\n")
            }
            _ => String::new(),
        };
        Ok((text, exit))
    })
}

/// The files, and all that is asked of them.
pub(super) fn code(args: &Extract, shown: Shown) -> Code {
    let mut code = args.code.code(&args.files, shown);
    code.options.units = args.units.iter().cloned().collect();
    code.options.slots = args.slots.iter().cloned().collect();
    code.options.model = args.model.clone();
    code
}
