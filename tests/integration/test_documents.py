"""What the documents say of the source: that the tests they name are there, and all of some list."""

import json
import re

import kit


class Security(kit.Case):
    """doc/SECURITY.md names a test for each of its claims; one that is renamed has to be so there too."""

    def test_the_tests_that_are_named_exist(self):
        text = " ".join((kit.SOURCE / "doc" / "SECURITY.md").read_text().split())
        source, n_named = None, 0
        for word in re.findall(r"`([^`]+)`", text):
            found = re.fullmatch(r"(test_\w+)(\.py)?(?:: (?:(\w+)\.)?(\w+))?", word)
            path = found and kit.SOURCE / "tests" / ("integration" if found[2] else "unit") / (found[1] + (found[2] or ".c"))
            if found and (found[2] or found[4] or path.exists()):
                self.assertTrue(path.exists(), f"{word}: there is no {path}")
                source = path.read_text()
                names = [name for name in found.groups()[2:] if name]
            elif word.endswith(".sh"):
                source, names = (kit.SOURCE / word).read_text(), []
            elif source and re.fullmatch(r"has_[a-z]+|[a-z0-9]+(?:_[a-z0-9]+){2,}", word):
                names = [word]  # another one of the same file
            else:
                continue
            for name in names:
                n_named += 1
                self.assertRegex(source, rf"(def |class |\n){name}\(|Test\(\w+, {name}[,)]", f"no {word}")
        self.assertGreater(n_named, 30)

    def test_the_files_that_are_named_exist(self):
        text = (kit.SOURCE / "doc" / "SECURITY.md").read_text()
        for name in re.findall(r"`((?:daemon|lib|client|tests)/[\w./]+)`", text):
            path = kit.SOURCE / name
            self.assertTrue(path.exists() or path.with_name(path.name + ".c").exists(), name)


class Workspace(kit.Case):
    def test_the_manual_page_names_all_sections(self):
        schema = json.loads((kit.SOURCE / "protocol" / "parproc.schema.json").read_text())
        page = (kit.SOURCE / "doc" / "parproc.yaml.5").read_text()
        listed = page.partition("At the top are the sections\n")[2].partition(";\n")[0]
        self.assertEqual(sorted(set(schema["properties"]) - {"$schema"}), sorted(re.findall(r"^\.Cm (\w+)", listed, re.M)))


if __name__ == "__main__":
    kit.main()
