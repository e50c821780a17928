"""From text files to windows of word ids: reader, aozora, tokenise, vocabulary, build, windows, in this order."""
