//! `kmapcheck verify`: does a certificate hold?

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_check::run::READING;
use kmapcheck_check::{Failure, Run, fault::catch};
use kmapcheck_prove::rule::{self, RuleCertificate, verify_rule};
use kmapcheck_report::tame;
use kmapcheck_scenario::{Errors, Overrides, load, load_model_program_named};
use kmapcheck_verify::{Certificate, verify};

use crate::args::{Format, Verify};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input::{self, shown};
use crate::output::Output;
use crate::run;

/// Runs the command.
pub fn run(args: &Verify, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.file.display().to_string(), Format::Text);
    let judged = judge(args, &run);
    run.finish();
    match judged {
        Ok(Ok(said)) => {
            let said: Vec<String> = said.lines().map(tame::line).collect();
            output.print(&format!("The certificate holds: {}\n", said.join("\n")))?;
            Ok(Exit::Clean)
        }
        Ok(Err(wrong)) => {
            output.print(&format!(
                "The certificate does not hold: {}.\n",
                tame::line(&wrong)
            ))?;
            Ok(Exit::Violated)
        }
        Err(failure) => {
            let exit = answer(&failure, &run, &args.file, Format::Text, output)?;
            // Only what it is about can be elsewhere.
            if let (None, Failure::Input(_) | Failure::Refused(_)) = (&args.about, &failure)
                && args.file.is_file()
            {
                anstream::eprintln!(
                    "If what the certificate is about is elsewhere, say so with `--about FILE`."
                );
            }
            Ok(exit)
        }
    }
}

/// What the formats of certificates about scenarios begin with, whichever version wrote them.
const FORMATS: &str = "kmapcheck-certificate-";

/// A certificate as it is read.
enum Read {
    Scenario(Certificate),
    Rule(RuleCertificate),
    /// One that another version wrote: in which format.
    OfFormat(String),
}

fn judge(args: &Verify, run: &Run) -> Judged {
    let changed =
        |error: serde_json::Error| Ok(Err(format!("it is not as it was written: {error}")));
    let read = run.phase(READING, || {
        let text = input::text_of(&args.file)?;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        match value["format"].as_str() {
            Some(kmapcheck_verify::FORMAT) => Ok(serde_json::from_value(value).map(Read::Scenario)),
            Some(rule::certificate::FORMAT) => Ok(serde_json::from_value(value).map(Read::Rule)),
            // The rest of it may be anything.
            Some(format) if format.starts_with(FORMATS) => Ok(Ok(Read::OfFormat(format.into()))),
            _ => Err(Failure::Refused(
                "it is no certificate: `check --certificate FILE` and `rule --certificate FILE` \
                 write them"
                    .to_owned(),
            )),
        }
    });
    match read? {
        Err(error) => changed(error),
        Ok(Read::Scenario(certificate)) => run.phase("checking the certificate", || {
            of_scenario(&certificate, args)
        }),
        Ok(Read::OfFormat(format)) => Ok(Err(format!(
            "its format is `{format}`, not `{}`: make it again with `kmapcheck check --certificate`",
            kmapcheck_verify::FORMAT
        ))),
        Ok(Read::Rule(certificate)) => {
            run.phase("checking the certificate", || of_rule(&certificate, args))
        }
    }
}

/// What holds, or what is wrong.
type Judged = Result<Result<String, String>, Failure>;

fn of_scenario(certificate: &Certificate, args: &Verify) -> Judged {
    let file = about(args, &certificate.scenario)?;
    let overrides = Overrides {
        model: certificate.model.clone(),
        ..Overrides::default()
    };
    let program = read(|| load(&file, &overrides))?;
    let judged = catch(|| verify(certificate, &program)).map_err(Failure::Fault)?;
    Ok(judged.map(|()| {
        let kinds: Vec<&str> = (certificate.excluded.iter())
            .flat_map(|excluded| excluded.kinds.iter().map(String::as_str))
            .collect();
        format!(
            "for {}, {} on {} has no {}.",
            kmapcheck_prove::words::claim(&program),
            program.name,
            program.model,
            kinds.join(", no ")
        )
    }))
}

fn of_rule(certificate: &RuleCertificate, args: &Verify) -> Judged {
    let model = match (&certificate.read_from, &args.about) {
        (None, None) => certificate.model.clone(),
        (file, _) => {
            let file = file.as_deref().unwrap_or_default();
            about(args, file)?.display().to_string()
        }
    };
    // A name is looked up from here; failing that, from where the certificate lies.
    let program = read(|| {
        load_model_program_named(&model, Path::new("certificate.json"))
            .or_else(|wrong| load_model_program_named(&model, &args.file).map_err(|_| wrong))
    })?;
    let judged = catch(|| verify_rule(certificate, &program)).map_err(Failure::Fault)?;
    Ok(judged.map(|()| certificate.claim()))
}

/// The file that the certificate is about: as seen from here, or from the certificate. A scenario
/// is named as the prover was given it, a model as it is seen from the certificate; either way both
/// are tried, for files are moved.
fn about(args: &Verify, stated: &str) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.about {
        return Ok(file.clone());
    }
    let here = PathBuf::from(stated);
    let beside = args.file.parent().map(|folder| folder.join(stated));
    let places: Vec<PathBuf> = beside.into_iter().chain([here]).collect();
    match places.iter().find(|place| place.is_file()) {
        Some(place) => Ok(place.clone()),
        None => {
            let mut named: Vec<String> = places.iter().map(|place| shown(place)).collect();
            named.dedup();
            Err(Failure::Refused(format!(
                "it is about {}, and there is no such file: looked for {}",
                tame::line(stated),
                named.join(" and ")
            )))
        }
    }
}

fn read<T>(reading: impl FnOnce() -> Result<T, Errors>) -> Result<T, Failure> {
    catch(reading)
        .map_err(Failure::Fault)?
        .map_err(Failure::Input)
}
