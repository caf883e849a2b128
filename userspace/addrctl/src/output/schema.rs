// SPDX-License-Identifier: GPL-2.0

//! The JSON Schema of all answers, made of the types that are printed.

use schemars::generate::SchemaSettings;
use schemars::{json_schema, JsonSchema, Schema, SchemaGenerator};
use serde_json::{json, Map, Value};

use super::json::Document;
use super::Answer;

const DESCRIPTION: &str =
    "What `addrctl COMMAND --json` prints is $defs/COMMAND, the words of the \
command joined by dashes: $defs/rule-list for `addrctl rule list`. An option that gives another \
answer is in the name: $defs/flush-dry-run. Names with a capital letter are parts of answers. \
Fields that are not here can be added at any time.";

/// Collects the schemas of answers.
pub struct Schemas {
    generator: SchemaGenerator,
    commands: Map<String, Value>,
}

impl Schemas {
    /// None yet.
    pub fn new() -> Self {
        // What is printed is described, not what would be read: a field is required if it is
        // always printed.
        let settings = SchemaSettings::draft2020_12().for_serialize();
        Self {
            generator: settings.into_generator(),
            commands: Map::new(),
        }
    }

    /// `command` answers this. `command` is its words, and the option that gives another answer,
    /// as they are written.
    pub fn answer<A: Answer>(&mut self, command: &str) {
        let own = A::json_schema(&mut self.generator);
        let mut schema = Document::<A>::json_schema(&mut self.generator);
        if let Some(description) = own.get("description") {
            schema.insert("description".to_owned(), description.clone());
        }
        self.add(command, schema);
    }

    /// `command` prints this on each line.
    pub fn lines<L: JsonSchema>(&mut self, command: &str) {
        let mut schema = self.generator.subschema_for::<L>();
        let description = "What is printed on each line.";
        schema.insert("description".to_owned(), description.into());
        self.add(command, schema);
    }

    fn add(&mut self, command: &str, mut schema: Schema) {
        let title = format!("addrctl {command} --json");
        schema.insert("title".to_owned(), title.into());
        let name = command.replace("--", "").replace(' ', "-");
        self.commands.insert(name, schema.to_value());
    }

    /// All of them in one document. Any answer of addrctl meets it as a whole.
    pub fn document(mut self) -> Schema {
        let answers: Vec<_> = self
            .commands
            .keys()
            .map(|name| json!({ "$ref": format!("#/$defs/{name}") }))
            .collect();
        let mut all = self.generator.take_definitions(true);
        all.append(&mut self.commands);
        json_schema!({
            "$schema": self.generator.settings().meta_schema,
            "title": "Answers of addrctl",
            "description": DESCRIPTION,
            "anyOf": answers,
            "$defs": all,
        })
    }
}
