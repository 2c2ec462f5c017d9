//! What lies in a directory, by the files that each kind of project has. Looks and reads a little; runs nothing.

use crate::cli::import::procfile;
use std::fs;
use std::io;
use std::path::Path;

/// A file of a project is smaller; the rest of a larger one is not looked at.
const MOST: usize = 1 << 20;

/// What somebody seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A list of commands, each with its name.
    Procfile(Vec<(String, String)>),
    /// composer.json with laravel/framework.
    Laravel,
    /// composer.json with symfony/framework-bundle; with messenger or without.
    Symfony {
        /// Whether there are messages to consume.
        messenger: bool,
    },
    /// manage.py; the name of its project where gunicorn is required.
    Django {
        /// As gunicorn names it.
        wsgi: Option<String>,
    },
    /// package.json; whether it has a script `start`.
    Node {
        /// Whether `npm start` means something.
        start: bool,
    },
    /// nginx.conf.
    Nginx {
        /// Its whole path.
        file: String,
    },
    /// None of these.
    Nothing,
}

impl Found {
    /// In words.
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::Procfile(_) => "the Procfile",
            Self::Laravel => "a Laravel application (composer.json)",
            Self::Symfony { .. } => "a Symfony application (composer.json)",
            Self::Django { .. } => "a Django project (manage.py)",
            Self::Node { .. } => "a Node application (package.json)",
            Self::Nginx { .. } => "an nginx (nginx.conf)",
            Self::Nothing => "a single program, since nothing else is known here",
        }
    }
}

/// The beginning of a file.
fn text_of(file: &Path) -> io::Result<String> {
    let bytes = fs::read(file)?;
    Ok(String::from_utf8_lossy(bytes.get(..MOST).unwrap_or(&bytes)).into_owned())
}

/// What lies here and was of no use, and why.
pub(super) fn remarks(here: &Path, found: &Found) -> Vec<String> {
    let why = |name: &str| match (name, text_of(&here.join(name))) {
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
        (_, Err(error)) => Some(format!("it cannot be read: {error}")),
        ("Procfile", Ok(text)) => {
            procfile::lines(&text).is_empty().then(|| "no line of it is `name: command`".to_owned())
        }
        (_, Ok(text)) => match serde_json::from_str::<serde_json::Value>(&text) {
            Err(error) => Some(format!("it is no JSON: {error}")),
            Ok(_) if name == "composer.json" && *found == Found::Nothing => {
                Some("it names neither laravel/framework nor symfony/framework-bundle".to_owned())
            }
            Ok(_) => None,
        },
    };
    // Those behind the one that was chosen do not count.
    let looked_at: &[&str] = match found {
        Found::Procfile(_) => &[],
        Found::Laravel | Found::Symfony { .. } | Found::Django { .. } => &["Procfile", "composer.json"],
        Found::Node { .. } | Found::Nginx { .. } | Found::Nothing => {
            &["Procfile", "composer.json", "package.json"]
        }
    };
    looked_at.iter().filter_map(|name| Some(format!("{name} is of no use here: {}", why(name)?))).collect()
}

/// Looks; the first kind that fits, the most particular first.
pub(super) fn found(here: &Path) -> Found {
    let text = |name: &str| text_of(&here.join(name)).ok();
    if let Some(processes) =
        text("Procfile").map(|text| procfile::lines(&text)).filter(|found| !found.is_empty())
    {
        return Found::Procfile(processes);
    }
    if let Some(composer) = text("composer.json") {
        if composer.contains("\"laravel/framework\"") {
            return Found::Laravel;
        }
        if composer.contains("\"symfony/framework-bundle\"") {
            return Found::Symfony { messenger: composer.contains("\"symfony/messenger\"") };
        }
    }
    if let Some(manage) = text("manage.py") {
        let wants = |name: &str| text(name).is_some_and(|text| text.contains("gunicorn"));
        let gunicorn = wants("requirements.txt") || wants("pyproject.toml");
        return Found::Django { wsgi: gunicorn.then(|| wsgi(&manage)).flatten() };
    }
    if let Some(package) = text("package.json") {
        let package: serde_json::Value = serde_json::from_str(&package).unwrap_or_default();
        return Found::Node {
            start: package.pointer("/scripts/start").is_some_and(|start| start.is_string()),
        };
    }
    let nginx = here.join("nginx.conf");
    match nginx.canonicalize() {
        Ok(file) if file.is_file() => Found::Nginx { file: file.display().to_string() },
        _ => Found::Nothing,
    }
}

/// `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")` is `shop.wsgi`.
fn wsgi(manage: &str) -> Option<String> {
    let (_, rest) = manage.split_once("DJANGO_SETTINGS_MODULE")?;
    let quoted = rest.split(['"', '\'']).find(|part| part.contains("settings"))?;
    Some(format!("{}.wsgi", quoted.split('.').next()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn of(files: &[(&str, &str)]) -> Found {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("it can be written");
        }
        found(folder.path())
    }

    #[test]
    fn what_is_of_no_use_is_told() {
        let told = |files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().expect("a folder");
            for (name, text) in files {
                fs::write(folder.path().join(name), text).expect("it can be written");
            }
            remarks(folder.path(), &found(folder.path())).join("\n")
        };
        let broken = told(&[("composer.json", "{\"require\": ")]);
        assert!(broken.starts_with("composer.json is of no use here: it is no JSON: "), "{broken}");
        assert!(told(&[("composer.json", "{}")]).contains("names neither laravel/framework nor"));
        assert!(told(&[("package.json", "{")]).starts_with("package.json is of no use here: it is no JSON"));
        assert!(told(&[("Procfile", "web puma\n")]).contains("no line of it is `name: command`"));
        for fine in [&[][..], &[("package.json", "{}")], &[("Procfile", "a: b"), ("composer.json", "{")]] {
            assert_eq!(told(fine), "");
        }
    }

    #[test]
    fn each_kind_is_known_by_its_files() {
        assert_eq!(of(&[("composer.json", r#"{"require":{"laravel/framework":"^11"}}"#)]), Found::Laravel);
        let symfony = r#"{"require":{"symfony/framework-bundle":"7.*","symfony/messenger":"7.*"}}"#;
        assert_eq!(of(&[("composer.json", symfony)]), Found::Symfony { messenger: true });
        assert_eq!(of(&[("package.json", r#"{"scripts":{"start":"node ."}}"#)]), Found::Node { start: true });
        assert_eq!(of(&[("package.json", "{")]), Found::Node { start: false });
        let manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')";
        assert_eq!(of(&[("manage.py", manage)]), Found::Django { wsgi: None });
        let wsgi = Found::Django { wsgi: Some("shop.wsgi".to_owned()) };
        assert_eq!(of(&[("manage.py", manage), ("requirements.txt", "gunicorn==22")]), wsgi);
        assert!(matches!(of(&[("nginx.conf", "")]), Found::Nginx { file } if file.starts_with('/')));
        assert_eq!(of(&[("composer.json", "{}")]), Found::Nothing);
        let procfile = [("web".to_owned(), "bundle exec puma -p $PORT".to_owned())];
        let text = "# how it runs\nweb: bundle exec puma -p $PORT\n\nnot a line\n";
        assert_eq!(of(&[("Procfile", text), ("package.json", "{}")]), Found::Procfile(procfile.into()));
    }
}
